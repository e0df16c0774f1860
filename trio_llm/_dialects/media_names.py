"""Names of media types that programs get wrong, put right.

Source: IANA, "Media Types", image/jpeg; RFC 2397 (data URLs: the type has no case).
"""

from __future__ import annotations

import re
from typing import Any, Final

_MISNAMED: Final = re.compile(r"^data:image/(?:jpg|pjpeg)(?=[;,])", re.IGNORECASE)


def named_right(url: Any) -> Any:
    """An address of an image; a data URL with the right name for its type. What is no text stays as it is.

    named_right("data:image/jpg;base64,AAAA")  # "data:image/jpeg;base64,AAAA"
    """
    return (
        _MISNAMED.sub("data:image/jpeg", url, count=1) if isinstance(url, str) and url[:5].lower() == "data:" else url
    )
