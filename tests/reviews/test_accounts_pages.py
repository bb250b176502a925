"""The front door as people meet it: landing, sign in, sign up, joining by a link, the health check, the admin."""

import pytest
from axes.models import AccessAttempt
from django.db import OperationalError, connection
from django.test import Client

from reviews import audit, members
from reviews.models import Event, Membership, Review, User
from tests import factories
from tests.factories import PASSWORD

NEW = {
    "name": "Dora",
    "email": "Dora@example.org",
    "password": "four plain words here",
    "again": "four plain words here",
}


@pytest.fixture
def secret(review, alice) -> str:
    return members.invite(review=review, by=alice, role="reviewer", meant_for="Dora")[1]


# ---------------------------------------------------------------- home


@pytest.mark.django_db
def test_a_stranger_sees_three_lines_and_a_way_in(client):
    page = client.get("/")
    assert page.status_code == 200
    words = page.content.decode()
    assert "Two people judge each record without seeing each other." in words
    assert 'href="/sign-in/"' in words and 'href="/sign-up/"' in words


def test_a_person_without_reviews_is_told_how_to_get_one(as_person, mallory):
    words = as_person(mallory).get("/").content.decode()
    assert "You are in no review yet" in words and 'href="/reviews/new/"' in words


def test_a_person_sees_their_reviews_and_no_others(as_person, review, bob, alice):
    factories.review(lead=alice, slug="other", title="Somebody else's review")
    words = as_person(bob).get("/").content.decode()
    assert "Plerixafor in myeloma" in words and "Reviewer" in words
    assert "Somebody else" not in words


def test_who_left_a_review_no_longer_sees_it(as_person, review, bob):
    members.deactivate(by=bob, membership=review.memberships.get(user=bob))
    assert "Plerixafor in myeloma" not in as_person(bob).get("/").content.decode()


@pytest.mark.parametrize("rows", [1, 3])
def test_home_asks_the_same_questions_for_one_review_and_three(
    rows, as_person, alice, django_assert_num_queries
):
    for number in range(rows):
        factories.review(lead=alice, slug=f"r{number}")
    browser = as_person(alice)
    with django_assert_num_queries(3):  # session, person, reviews
        browser.get("/")


# ---------------------------------------------------------------- signing in and out


def test_signing_in_leads_to_where_one_was_going(client, alice):
    page = client.post(
        "/sign-in/", {"login": "Alice@Example.org ", "password": PASSWORD, "next": "/reviews/new/"}
    )
    assert (page.status_code, page["Location"]) == (302, "/reviews/new/")
    assert client.session["_auth_user_id"] == str(alice.pk)


def test_a_wrong_password_is_told_plainly_and_signs_nobody_in(client, alice):
    page = client.post("/sign-in/", {"login": "alice@example.org", "password": "wrong"})
    assert page.status_code == 422
    assert "The e-mail address or the password is wrong." in page.content.decode()
    assert "_auth_user_id" not in client.session


def test_an_unknown_address_is_told_the_same(client, alice):
    known, unknown = (
        client.post("/sign-in/", {"login": f"{who}@example.org", "password": "wrong"})
        for who in ("alice", "nobody")
    )
    assert known.context["form"].non_field_errors() == unknown.context["form"].non_field_errors()


def test_a_closed_account_cannot_sign_in(client, alice):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    page = client.post("/sign-in/", {"login": "alice@example.org", "password": PASSWORD})
    assert (page.status_code, page["Location"]) == (302, "/account/inactive/")
    assert "_auth_user_id" not in client.session


def test_nobody_is_sent_to_a_foreign_page_after_signing_in(client, alice):
    page = client.post(
        "/sign-in/", {"login": "alice@example.org", "password": PASSWORD, "next": "https://evil.example/"}
    )
    assert page["Location"] == "/"


def test_ten_wrong_passwords_lock_the_address_for_a_while(client, alice, settings):
    settings.AXES_ENABLED = True
    for _ in range(10):
        page = client.post("/sign-in/", {"login": "ALICE@example.org", "password": "wrong"})
    assert page.status_code == 429
    page = client.post("/sign-in/", {"login": "alice@example.org", "password": PASSWORD})
    assert page.status_code == 429
    assert "Too many wrong passwords" in page.content.decode()
    assert "_auth_user_id" not in client.session
    assert AccessAttempt.objects.get().username == "alice@example.org"


def test_signing_out_is_a_post(as_person, alice):
    browser = as_person(alice)
    assert browser.get("/sign-out/").status_code == 405
    assert browser.post("/sign-out/")["Location"] == "/"
    assert "_auth_user_id" not in browser.session


def test_a_form_from_elsewhere_signs_nobody_in(alice):
    page = Client(enforce_csrf_checks=True).post(
        "/sign-in/", {"login": "alice@example.org", "password": PASSWORD}
    )
    assert page.status_code == 403


# ---------------------------------------------------------------- signing up


@pytest.mark.django_db
def test_signing_up_signs_in_and_goes_on(client):
    page = client.post("/sign-up/", NEW | {"next": "/reviews/new/"})
    assert page["Location"] == "/reviews/new/"
    person = User.objects.get()
    assert (person.email, client.session["_auth_user_id"]) == ("dora@example.org", str(person.pk))


@pytest.mark.django_db
def test_nobody_is_sent_to_a_foreign_page_after_signing_up(client):
    assert client.post("/sign-up/", NEW | {"next": "//evil.example/"})["Location"] == "/"


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"again": "something else here"}, "again", "This is not the same as the password above."),
        (
            {"password": "short", "again": "short"},
            "password",
            "This password is too short. It must contain at least 10 characters.",
        ),
        ({"email": "dora"}, "email", "Enter a valid email address."),
        ({"name": "Do\x00ra"}, "name", "Null characters are not allowed."),
    ],
)
@pytest.mark.django_db
def test_what_is_wrong_is_said_at_its_field(client, fields, field, words):
    page = client.post("/sign-up/", NEW | fields)
    assert page.status_code == 422
    assert page.context["form"].errors == {field: [words]}
    assert (User.objects.count(), Event.objects.count()) == (0, 0)


def test_a_taken_address_is_told_and_what_was_typed_is_kept(client, alice):
    page = client.post("/sign-up/", NEW | {"email": "alice@example.org"})
    assert page.status_code == 409
    words = page.content.decode()
    assert "There is already an account with this e-mail address." in words and 'value="Dora"' in words
    assert (User.objects.count(), Event.objects.count()) == (1, 0)


# ---------------------------------------------------------------- joining


def test_a_stranger_with_a_link_sees_what_it_offers_and_the_ways_in(client, secret):
    page = client.get(f"/join/{secret}/")
    words = page.content.decode()
    assert page.status_code == 200
    assert "Plerixafor in myeloma" in words and "Alice" in words
    assert f'href="/sign-up/?next=%2Fjoin%2F{secret}%2F"' in words
    assert f'href="/sign-in/?next=%2Fjoin%2F{secret}%2F"' in words
    assert "no-store" in page["Cache-Control"]


def test_a_stranger_signs_up_comes_back_and_joins(client, secret, review):
    onward = client.post("/sign-up/", NEW | {"next": f"/join/{secret}/"})["Location"]
    assert onward == f"/join/{secret}/"
    assert "Join the review" in client.get(onward).content.decode()
    assert client.post(onward)["Location"] == "/r/myeloma/"
    joined = Membership.objects.get(user__email="dora@example.org")
    assert (joined.review, joined.role) == (review, "reviewer")


def test_looking_at_a_link_does_not_join(as_person, mallory, secret, review):
    as_person(mallory).get(f"/join/{secret}/")
    assert not review.memberships.filter(user=mallory).exists()


def test_a_post_from_nobody_joins_nobody(client, secret, review):
    before = review.memberships.count()
    assert client.post(f"/join/{secret}/")["Location"] == f"/join/{secret}/"
    assert review.memberships.count() == before


def test_a_used_link_says_so(as_person, client, mallory, secret):
    as_person(mallory).post(f"/join/{secret}/")
    page = client.get(f"/join/{secret}/")
    assert page.status_code == 409 and "This invitation has been used." in page.content.decode()


@pytest.mark.django_db
def test_a_mistyped_link_says_so(client):
    page = client.get("/join/nothing/")
    assert page.status_code == 400 and "This link leads to no invitation." in page.content.decode()


# ---------------------------------------------------------------- a new review


def test_starting_a_review_leads_to_its_criteria(as_person, mallory):
    page = as_person(mallory).post("/reviews/new/", {"title": "Bortezomib", "question": "?"})
    assert page["Location"] == "/r/bortezomib/criteria/"
    assert Membership.objects.get().role == "lead"


def test_a_taken_review_address_is_told_beside_the_form(as_person, review, mallory):
    page = as_person(mallory).post("/reviews/new/", {"title": "Bortezomib", "slug": "myeloma"})
    assert page.status_code == 409
    words = page.content.decode()
    assert "The address “myeloma” is taken." in words and 'value="Bortezomib"' in words
    assert Review.objects.count() == 1


def test_a_review_without_a_title_is_not_started(as_person, mallory):
    page = as_person(mallory).post("/reviews/new/", {"title": " "})
    assert page.status_code == 422 and page.context["form"].errors == {"title": ["This field is required."]}
    assert Review.objects.count() == 0


def test_a_lead_changes_the_words_of_a_review(as_person, alice, review):
    browser = as_person(alice)
    assert 'value="Plerixafor in myeloma"' in browser.get("/r/myeloma/change/").content.decode()
    changed = {"title": "Plerixafor", "question": review.question, "reason": "shorter"}
    assert browser.post("/r/myeloma/change/", changed)["Location"] == "/r/myeloma/protocol/"
    review.refresh_from_db()
    assert (review.title, review.slug) == ("Plerixafor", "myeloma")
    page = browser.post("/r/myeloma/change/", changed)
    assert page.status_code == 409 and "This is what the review already says." in page.content.decode()


def test_a_title_is_shown_as_text_and_never_as_markup(as_person, alice):
    factories.review(lead=alice, title="<script>alert(1)</script> & co")
    words = as_person(alice).get("/").content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in words and "<script>alert(1)" not in words


# ---------------------------------------------------------------- health, admin


def test_the_health_check_needs_nobody_and_looks_at_database_and_trail(client, review, alice):
    assert client.get("/healthz").json() == {"database": "ok", "trail": "empty"}
    members.change_review(review=review, by=alice, title="Another")
    page = client.get("/healthz")
    assert (page.status_code, page.json()) == (200, {"database": "ok", "trail": "ok"})
    assert "no-store" in page["Cache-Control"]


@pytest.mark.django_db
def test_the_health_check_says_when_the_database_is_gone(client):
    def gone(execute, sql, params, many, context):
        raise OperationalError("connection refused")

    with connection.execute_wrapper(gone):
        page = client.get("/healthz")
    assert (page.status_code, page.json()) == (503, {"database": "unreachable", "trail": "unreadable"})


@pytest.fixture
def operator(db):
    return User.objects.create_superuser("op@example.org", PASSWORD, name="Op")


def test_the_admin_changes_a_name_and_closes_an_account_and_shows_no_hash(as_person, operator, alice):
    browser = as_person(operator)
    address = f"/admin/reviews/user/{alice.pk}/change/"
    words = browser.get(address).content.decode()
    assert alice.password not in words and 'name="password"' not in words and 'name="email"' not in words
    assert browser.post(address, {"name": "Alicia"}).status_code == 302
    changed = User.objects.get(pk=alice.pk)
    assert (changed.name, changed.is_active, changed.email) == ("Alicia", False, "alice@example.org")
    assert changed.password == alice.password


def test_the_admin_neither_makes_nor_deletes_people(as_person, operator, alice):
    browser = as_person(operator)
    assert browser.get("/admin/reviews/user/add/").status_code == 403
    assert browser.post(f"/admin/reviews/user/{alice.pk}/delete/", {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=alice.pk).exists()


def test_the_admin_shows_no_table_of_ours_but_people(as_person, operator):
    words = as_person(operator).get("/admin/").content.decode()
    assert "/admin/reviews/user/" in words
    for table in ("membership", "event", "record", "decision", "token", "group"):
        assert f"/{table}" not in words


def test_every_chain_still_verifies_after_signing_up_and_starting(client, db):
    client.post("/sign-up/", NEW)
    client.post("/reviews/new/", {"title": "Bortezomib"})
    assert [audit.verify(None).ok, audit.verify(Review.objects.get()).ok] == [True, True]
    assert Event.objects.count() == 2
