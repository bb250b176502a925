"""The second step of signing in, resetting a password by mail, and an institute's own sign-in, through the pages."""

import base64
import hmac
import re
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.cache import cache
from django.test import Client
from rest_framework.test import APIClient

from reviews.models import Event, User
from tests.factories import PASSWORD
from tests.identity_provider import IdentityProvider

pytestmark = pytest.mark.django_db
OF_ALLAUTH = [
    "/account/password/", "/account/password/set/", "/account/confirm/", "/account/second-step/",
    "/account/second-step/totp/activate/", "/account/second-step/totp/deactivate/",
    "/account/second-step/recovery-codes/", "/account/second-step/recovery-codes/generate/",
    "/account/second-step/recovery-codes/download/", "/account/institute/",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _nobody_was_counted():
    cache.clear()


def code_for(secret: str) -> str:
    """What an authenticator app shows now for this secret (RFC 6238)."""
    counter = int(time.time() // 30).to_bytes(8, "big")
    digest = hmac.digest(base64.b32decode(secret), counter, "sha1")
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


def switched_on(browser) -> str:
    """Switch the second step on as a person would; the secret."""
    browser.post("/account/confirm/", {"password": PASSWORD})
    page = browser.get("/account/second-step/totp/activate/").content.decode()
    secret = re.search(r'id="authenticator_secret"[^>]*value="(\w+)"', page)[1]
    answer = browser.post("/account/second-step/totp/activate/", {"code": code_for(secret)})
    assert answer.status_code == 302
    return secret


def signing_in(**fields) -> tuple[Client, object]:
    browser = Client()
    return browser, browser.post("/sign-in/", {"login": "alice@example.org", "password": PASSWORD} | fields)


@pytest.fixture
def in_by_password(alice):
    browser, answer = signing_in()
    assert answer["Location"] == "/"
    return browser


@pytest.mark.parametrize("address", OF_ALLAUTH)
def test_nobody_reaches_the_pages_of_an_account(address, client):
    assert client.get(address)["Location"].startswith("/sign-in/?next=")


def test_with_a_second_step_the_password_alone_signs_nobody_in(in_by_password, alice):
    secret = switched_on(in_by_password)
    browser, answer = signing_in(next="/reviews/new/")
    assert answer["Location"].startswith("/account/second-step/authenticate/")
    assert "_auth_user_id" not in browser.session
    wrong = browser.post("/account/second-step/authenticate/", {"code": "000000"})
    assert wrong.status_code == 200 and "_auth_user_id" not in browser.session
    cache.clear()  # a code works once; the one used when switching on is this half minute's
    answer = browser.post("/account/second-step/authenticate/", {"code": code_for(secret)})
    assert answer["Location"] == "/reviews/new/"
    assert browser.session["_auth_user_id"] == str(alice.pk)


def test_a_recovery_code_works_once(in_by_password):
    switched_on(in_by_password)
    codes = in_by_password.get("/account/second-step/recovery-codes/download/").content.decode().split()
    assert len(codes) == 10
    for expected in (302, 200):
        browser, _answer = signing_in()
        answer = browser.post("/account/second-step/authenticate/", {"code": codes[0]})
        assert answer.status_code == expected


def test_the_secret_of_a_second_step_does_not_lie_open_in_the_database(in_by_password, alice):
    secret = switched_on(in_by_password)
    kept = Authenticator.objects.get(user=alice, type="totp").data["secret"]
    assert secret not in kept and len(kept) > 80


def test_a_token_asks_for_the_second_step_too(in_by_password):
    secret = switched_on(in_by_password)
    cache.clear()
    sent = {"email": "alice@example.org", "password": PASSWORD}
    refused = APIClient().post("/api/token/", sent, format="json")
    assert (refused.status_code, "second step" in str(refused.data)) == (401, True)
    given = APIClient().post("/api/token/", sent | {"code": code_for(secret)}, format="json")
    assert given.status_code == 200 and given.data["token"]


def test_the_operators_pages_ask_at_our_own_door(client):
    answer = client.get("/admin/login/?next=/admin/")
    assert answer["Location"].startswith("/sign-in/?next=")


def test_the_account_page_says_how_one_signs_in(in_by_password):
    assert "Off. With it" in in_by_password.get("/account/").content.decode()
    switched_on(in_by_password)
    assert "On: signing in asks for a code" in in_by_password.get("/account/").content.decode()


# ---------------------------------------------------------------- resetting a password


def test_a_forgotten_password_is_set_anew_by_a_link_in_a_mail(alice, client, settings):
    settings.SENDS_MAIL = True
    assert "Forgotten the password?" in client.get("/sign-in/").content.decode()
    client.post("/account/password/reset/", {"email": "Alice@example.org"})
    (letter,) = mail.outbox
    assert letter.to == ["alice@example.org"]
    link = re.search(r"https?://testserver(/account/password/reset/key/\S+)", letter.body)[1]
    form = client.get(link, follow=True)
    action = form.redirect_chain[-1][0]
    fields = {"password1": "a new long password", "password2": "a new long password"}
    assert client.post(action, fields)["Location"] == "/account/password/reset/done/"
    assert signing_in()[1].status_code == 422
    assert signing_in(password="a new long password")[1]["Location"] == "/"


def test_no_mail_goes_to_an_address_nobody_has_and_the_page_says_the_same(alice, settings):
    settings.SENDS_MAIL = True
    known, unknown = (
        Client().post("/account/password/reset/", {"email": f"{who}@example.org"})
        for who in ("alice", "nobody")
    )
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert len(mail.outbox) == 1


def test_without_mail_a_reset_is_not_offered(client, alice, settings):
    settings.SENDS_MAIL = False
    assert "Forgotten the password?" not in client.get("/sign-in/").content.decode()
    answer = client.post("/account/password/reset/", {"email": "alice@example.org"})
    assert answer.status_code == 409 and "sends no mail" in answer.content.decode() and mail.outbox == []


def test_an_invitation_is_mailed_to_the_address_it_is_for(review, as_person, alice, settings):
    settings.SENDS_MAIL = True
    page = (
        as_person(alice)
        .post(
            f"/r/{review.slug}/people/invite/",
            {"role": "reviewer", "meant_for": "dora@example.org", "days": 14},
        )
        .content.decode()
    )
    (letter,) = mail.outbox
    link = re.search(r"http://testserver/join/\S+", letter.body)[0]
    assert letter.to == ["dora@example.org"] and link in page and "by mail as well" in page


@pytest.mark.parametrize(
    ("sends", "whom"), [(False, "dora@example.org"), (True, "Dora"), (True, "not@an address")]
)
def test_an_invitation_for_no_address_or_without_mail_is_a_link_only(
    review, as_person, alice, settings, sends, whom
):
    settings.SENDS_MAIL = sends
    page = (
        as_person(alice)
        .post(f"/r/{review.slug}/people/invite/", {"role": "reviewer", "meant_for": whom, "days": 14})
        .content.decode()
    )
    assert mail.outbox == [] and "/join/" in page and "by mail as well" not in page


# ---------------------------------------------------------------- an institute's sign-in


@pytest.fixture
def institute(settings):
    with IdentityProvider() as provider:
        settings.WINNOW_OIDC_ISSUER, settings.WINNOW_OIDC_NAME = provider.url, "Example University"
        settings.SOCIALACCOUNT_PROVIDERS = {
            "openid_connect": {
                "OAUTH_PKCE_ENABLED": True,
                "APPS": [
                    {
                        "provider_id": "institute",
                        "name": "Example University",
                        "client_id": "winnow",
                        "secret": "between us",
                        "settings": {"server_url": provider.url},
                    }
                ],
            }
        }
        yield provider


def coming_from(institute, **claims) -> tuple[Client, object]:
    """Go to the institute, come back vouched for."""
    institute.claims = {"sub": "17", "name": "Dora Diaz"} | claims
    browser = Client()
    away = browser.post("/account/oidc/institute/login/", {"next": "/reviews/new/"})
    asked = parse_qs(urlsplit(away["Location"]).query)
    assert away["Location"].startswith(f"{institute.url}/authorize?") and asked["code_challenge_method"] == [
        "S256"
    ]
    return browser, browser.get(
        "/account/oidc/institute/login/callback/", {"code": "once", "state": asked["state"][0]}
    )


def test_whom_an_institute_vouches_for_gets_an_account_and_the_trail_says_so(institute):
    assert "Sign in with Example University" in Client().get("/sign-in/").content.decode()
    _browser, answer = coming_from(institute, email="Dora@example.org", email_verified=True)
    assert answer["Location"] == "/reviews/new/"
    dora = User.objects.get()
    assert (dora.email, dora.name, dora.has_usable_password()) == ("dora@example.org", "Dora Diaz", False)
    event = Event.objects.get(verb="person.signed_up")
    assert event.after == {"name": "Dora Diaz", "by": "institute"}
    coming_from(institute, email="Dora@example.org", email_verified=True)
    assert User.objects.count() == 1 and Event.objects.filter(verb="person.signed_up").count() == 1


def test_a_verified_address_leads_to_the_account_there_is(institute, alice):
    browser, _answer = coming_from(institute, email="alice@example.org", email_verified=True)
    assert browser.session["_auth_user_id"] == str(alice.pk)
    assert User.objects.count() == 1


def test_an_address_the_institute_has_not_verified_opens_nobodys_account(institute, alice):
    browser, _answer = coming_from(institute, email="alice@example.org", email_verified=False)
    assert "_auth_user_id" not in browser.session
    assert User.objects.count() == 1
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_an_answer_nobody_asked_for_signs_nobody_in(institute):
    browser = Client()
    browser.get("/account/oidc/institute/login/callback/", {"code": "once", "state": "made-up"})
    assert "_auth_user_id" not in browser.session and not User.objects.exists()
