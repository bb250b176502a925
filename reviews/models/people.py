"""People and what they are in a review."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.db.models.functions import Lower


class UserManager(BaseUserManager["User"]):
    """Makes people by e-mail address; there are no user names."""

    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A person who can sign in with `email` (kept in lower case) and `password`."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """The operator: may open the admin. Not thereby a member of any review."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Signing in does not mind capitals in the address."""
        return self.get(email=(username or "").strip().lower())


class User(AbstractUser):
    """A person. What they may do is said by their Membership of each review."""

    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField("e-mail address", unique=True)
    name = models.CharField(max_length=120)

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        constraints = [UniqueConstraint(Lower("email"), name="user_email_unique_whatever_the_case")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        """The name shown to others (Django asks for it under this name)."""
        return self.name

    def get_short_name(self) -> str:
        """The same; we keep one name."""
        return self.name


class Role(models.TextChoices):
    """What a member may do; the table itself is permissions.MAY."""

    LEAD = "lead", "Lead"
    REVIEWER = "reviewer", "Reviewer"
    OBSERVER = "observer", "Observer"


class Membership(models.Model):
    """A person's place in a review. Leaving sets `deactivated_at`; what they decided stays."""

    review = models.ForeignKey("reviews.Review", on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey("reviews.User", on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    joined_at = models.DateTimeField()
    deactivated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["review", "user"], name="membership_one_per_person_and_review"),
            CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} as {self.role} in {self.review}"

    @property
    def is_lead(self) -> bool:
        """Whether this member leads the review."""
        return self.role == Role.LEAD


class Invitation(models.Model):
    """A link that lets one person join. Only the hash of its secret is kept: the link is shown once.

    open -> accepted (accepted_by and accepted_at), or revoked, or past expires_at.
    """

    review = models.ForeignKey("reviews.Review", on_delete=models.PROTECT, related_name="invitations")
    role = models.CharField(max_length=20, choices=Role.choices)
    meant_for = models.CharField(max_length=200, blank=True)
    secret_sha256 = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey("reviews.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_by = models.ForeignKey("reviews.User", null=True, on_delete=models.PROTECT, related_name="+")
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            CheckConstraint(condition=Q(role__in=Role.values), name="invitation_role_known"),
            CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="invitation_expires_later"),
            CheckConstraint(
                condition=Q(accepted_by__isnull=True, accepted_at__isnull=True)
                | Q(accepted_by__isnull=False, accepted_at__isnull=False, revoked_at__isnull=True),
                name="invitation_accepted_by_someone_and_not_revoked",
            ),
        ]

    def __str__(self) -> str:
        return f"Invitation to {self.review} as {self.role}"
