"""Where the files of requests lie."""

import os
import shutil
import tempfile
from pathlib import Path

from headgate.config import Config
from headgate.web.uploads import UploadBounds, Uploads

_TEMPORARY = "headgate-uploads-"


def uploads_of(config: Config) -> Uploads:
    """The folder; what earlier processes have left in others like it is thrown away."""
    voices = config.voices
    bounds = UploadBounds(voices.max_upload, voices.upload_timeout, config.server.body_timeout)
    if voices.upload_folder is not None:
        return Uploads(Path(voices.upload_folder), bounds)
    if not config.store.in_memory:
        return Uploads(Path(f"{config.store.path}.uploads"), bounds)
    temporary = Path(tempfile.gettempdir())
    for path in temporary.glob(f"{_TEMPORARY}*"):
        if not _is_alive(path.name.removeprefix(_TEMPORARY)):
            shutil.rmtree(path, ignore_errors=True)
    return Uploads(temporary / f"{_TEMPORARY}{os.getpid()}", bounds)


def _is_alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, ValueError, OverflowError):
        return False
    except PermissionError:
        # Somebody else's, and so is the folder.
        pass
    return True
