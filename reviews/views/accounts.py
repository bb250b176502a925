"""The front door: landing page, sign in and out, sign up, joining by a link, and the health check."""

from typing import Any

from allauth.account.views import LoginView
from allauth.account.views import password_reset as send_reset
from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.db import Error as AnyDatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from reviews import members
from reviews.forms.accounts import SignInForm, SignUpForm
from reviews.models import Membership, TrailHead
from reviews.refusals import Refused

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """A stranger sees what this is; a person sees their reviews. Two queries beside the session's."""
    if not request.user.is_authenticated:
        return render(request, "reviews/landing.html")
    mine = (
        Membership.objects.filter(user=request.user, deactivated_at__isnull=True)
        .select_related("review")
        .order_by("review__title", "review_id")
    )
    return render(request, "reviews/home.html", {"memberships": mine})


class SignIn(LoginView):
    """By e-mail address, then the second step if the person has one (allauth leads there).

    Ten wrong passwords in a row lock that address for a quarter of an hour (axes).
    """

    template_name = "reviews/sign_in.html"
    form_class = SignInForm

    def form_invalid(self, form: Any) -> HttpResponse:
        """The form again, with 422 as for every form that came back."""
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the other ways in that this installation offers."""
        ways = {"institute": settings.WINNOW_OIDC_ISSUER and settings.WINNOW_OIDC_NAME}
        return super().get_context_data(**kwargs) | ways | {
            "sends_mail": settings.SENDS_MAIL, "next": _onward(self.request)
        }  # fmt: skip


@login_not_required
@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    """Make an account, sign in, and go on to where the person was going (an invitation, say)."""
    onward = _onward(request)
    if request.user.is_authenticated:
        return redirect(onward or settings.LOGIN_REDIRECT_URL)
    form, refusal, status = SignUpForm(request.POST or None), None, 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                person = members.sign_up(
                    email=form.cleaned_data["email"],
                    name=form.cleaned_data["name"],
                    password=form.cleaned_data["password"],
                )
            except Refused as no:
                refusal, status = no, no.status
            else:
                login(request, person, backend=BACKEND)
                return redirect(onward or settings.LOGIN_REDIRECT_URL)
    context = {"form": form, "refusal": refusal, "next": onward}
    return render(request, "reviews/sign_up.html", context, status=status)


def _onward(request: HttpRequest) -> str:
    """Where to go after, if it is a page of ours; '' otherwise."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if ours else ""


@login_not_required
def password_reset(request: HttpRequest) -> HttpResponse:
    """A new password by mail, where this server sends any.

    Raises:
        Refused: it sends none.
    """
    if not settings.SENDS_MAIL:
        raise Refused(
            "This server sends no mail, so a password cannot be reset by mail.",
            kept="Your password is as it was.",
            mend="Ask whoever runs it to set a new one for you.",
        )
    return send_reset(request)


@never_cache
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """Who one is here, and how one signs in: password, second step, institute."""
    person = request.user
    return render(
        request,
        "reviews/account.html",
        {
            "second_step": get_mfa_adapter().is_mfa_enabled(person),
            "institute": settings.WINNOW_OIDC_ISSUER and settings.WINNOW_OIDC_NAME,
        },
    )


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """What the link offers, and one button that accepts it. A stranger signs in or up first and comes back."""
    if request.method == "POST" and request.user.is_authenticated:
        membership = members.join(secret=secret, user=request.user)
        title, role = membership.review.title, membership.get_role_display().lower()
        messages.success(request, f"You are now {role} in “{title}”.")
        return redirect("review", membership.review.slug)
    if request.method == "POST":
        return redirect("join", secret)  # signed out meanwhile: the page says how to go on
    return render(request, "reviews/join.html", {"invitation": members.invitation_for(secret)})


@login_not_required
@never_cache
@require_GET
def healthz(request: HttpRequest) -> JsonResponse:
    """Whether this process can work: asked by the supervisor, by compose and by load balancers."""
    try:
        events = TrailHead.objects.order_by("pk").values_list("length", flat=True).first()
    except AnyDatabaseError:
        return JsonResponse({"database": "unreachable", "trail": "unreadable"}, status=503)
    return JsonResponse({"database": "ok", "trail": "ok" if events is not None else "empty"})


urlpatterns: list[URLPattern] = [
    path("", home, name="home"),
    path("sign-in/", SignIn.as_view(), name="account_login"),
    path("sign-out/", LogoutView.as_view(), name="account_logout"),
    path("sign-up/", sign_up, name="account_signup"),
    path("account/", account, name="account"),
    path("join/<str:secret>/", join, name="join"),
    path("healthz", healthz, name="healthz"),
]
