"""Mail that Winnow sends (beside django-allauth's own for passwords). Only where WINNOW_MAIL_URL is set."""

import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import EmailValidator

from .models import Invitation

logger = logging.getLogger(__name__)


def send_invitation(invitation: Invitation, link: str) -> bool:
    """Mail the link to whom it is meant for, if that is an address and mail is sent here; whether it went out.

    The letter says who invites and until when, nothing of the review beyond its title.
    """
    address = invitation.meant_for
    if not settings.SENDS_MAIL or "@" not in address:
        return False
    try:
        EmailValidator()(address)
        send_mail(
            subject=f"{invitation.created_by.name} invites you to a review in Winnow",
            message=(
                f"{invitation.created_by.name} invites you to the systematic review “{invitation.review.title}” "
                f"as {invitation.get_role_display().lower()}.\n\nOpen this link until "
                f"{invitation.expires_at:%d %B %Y}; it works once:\n\n{link}\n"
            ),
            from_email=None,
            recipient_list=[address],
        )
    except (ValidationError, OSError, SMTPException) as no:
        logger.warning("invitation %s was not mailed: %s", invitation.pk, no)
        return False
    return True
