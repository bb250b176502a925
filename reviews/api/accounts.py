"""Getting an account and a token. The only API addresses that need neither."""

from typing import Any

from django.contrib.auth import authenticate
from django.urls import URLPattern, path
from rest_framework import serializers, status
from rest_framework.authtoken.models import Token
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from reviews import members
from reviews.models import User
from reviews.signing_in import second_step_holds


class DoorThrottle(SimpleRateThrottle):
    """Thirty tries a minute from one address, whoever is tried. (Ten wrong ones for one person lock that person.)"""

    scope = "door"
    rate = "30/min"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        """One bucket for each address that asks."""
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


class WrongPassword(APIException):
    """401 and not DRF's own AuthenticationFailed, which becomes 403 where sessions are allowed too."""

    status_code = status.HTTP_401_UNAUTHORIZED
    default_code = "wrong_password"
    default_detail = "The e-mail address or the password is wrong."


class WrongCode(APIException):
    """The password is right, the second step is missing or wrong."""

    status_code = status.HTTP_401_UNAUTHORIZED
    default_code = "wrong_code"
    default_detail = "This account asks for a second step: send the code of the authenticator app as `code`."


class LockedOut(APIException):
    """Too many wrong passwords for this address."""

    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    default_code = "locked_out"
    default_detail = "Too many wrong passwords for this address. Wait a quarter of an hour, then try again."


class PublicView(APIView):
    """Open to everybody, and slow on purpose."""

    authentication_classes: Any = []
    permission_classes: Any = []
    throttle_classes: Any = [DoorThrottle]


class SignInFields(serializers.Serializer):
    """What proves who somebody is."""

    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=1000, trim_whitespace=False)


class TokenFields(SignInFields):
    """The same, and the second step of who has one."""

    code = serializers.CharField(max_length=20, required=False, allow_blank=True, default="")


class SignUpFields(SignInFields):
    """The same, and a name."""

    name = serializers.CharField(max_length=120)


class TokenView(PublicView):
    """POST e-mail and password -> {"token"}, to be sent as `Authorization: Token ...`.

    Who has a second step sends its `code` too.
    """

    def post(self, request: Request) -> Response:
        """See the class."""
        fields = TokenFields(data=request.data)
        fields.is_valid(raise_exception=True)
        plain = request._request  # axes marks Django's own request
        email = fields.validated_data["email"].strip().lower()
        person = authenticate(plain, username=email, password=fields.validated_data["password"])
        if getattr(plain, "axes_locked_out", False):
            plain.axes_locked_out = False  # else axes answers with a page
            raise LockedOut
        if not isinstance(person, User):
            raise WrongPassword
        if not second_step_holds(person, fields.validated_data["code"].strip()):
            raise WrongCode
        token, _made = Token.objects.get_or_create(user=person)
        return Response({"token": token.key})


class SignUpView(PublicView):
    """POST name, e-mail, password -> 201 {"name", "email"}."""

    def post(self, request: Request) -> Response:
        """See the class."""
        fields = SignUpFields(data=request.data)
        fields.is_valid(raise_exception=True)
        person = members.sign_up(**fields.validated_data)
        return Response({"name": person.name, "email": person.email}, status=201)


urlpatterns: list[URLPattern] = [
    path("token/", TokenView.as_view(), name="api_token"),
    path("sign-up/", SignUpView.as_view(), name="api_sign_up"),
]
