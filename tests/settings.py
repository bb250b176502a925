"""Winnow's own settings, on a data folder of the tests' own: read before anything of Django's is.

(A conftest would come too late: pytest-django reads the settings before it.)
"""

import atexit
import os
import shutil
import tempfile

_data = tempfile.mkdtemp(prefix="winnow-tests-")
atexit.register(shutil.rmtree, _data, ignore_errors=True)
os.environ["WINNOW_DATA"] = _data
for _name in ("WINNOW_MODEL", "WINNOW_API_BASE", "WINNOW_DEBUG", "WINNOW_SECURE"):
    os.environ.pop(_name, None)  # what a developer has set must not change what is tested

from config.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # passwords are not what is tested

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    # A file, as on a laptop: an in-memory database is shared by threads (a live server, a worker) only badly.
    DATABASES["default"]["TEST"] = {"NAME": f"{_data}/test.sqlite3"}  # noqa: F405
