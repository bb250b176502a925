"""Every guard of every app, for tests that flush and for the test that tries each one."""

from extraction.guards import GUARDS as EXTRACTION
from reviews.guards import GUARDS as REVIEWS
from screening.guards import GUARDS as SCREENING

ALL_GUARDS = [*REVIEWS, *SCREENING, *EXTRACTION]
