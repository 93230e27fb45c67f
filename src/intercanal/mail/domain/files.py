"""How files that strangers sent may be handed on."""

# what a browser may be told; for anything else, above all HTML and SVG, it learns that these are bytes to save
_TOLD = frozenset({
    "application/json", "application/msword", "application/pdf", "application/rtf", "application/zip",
    "application/vnd.ms-excel", "application/vnd.ms-powerpoint",
    "application/vnd.oasis.opendocument.presentation", "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "audio/mpeg", "audio/ogg", "audio/wav", "image/gif", "image/heic", "image/jpeg", "image/png", "image/tiff",
    "image/webp",
    "message/rfc822",
    "text/calendar", "text/csv", "text/plain", "video/mp4", "video/webm",
})  # fmt: skip


def media_type(content_type: str) -> str:
    """Return the media type a download may carry."""
    return content_type if content_type in _TOLD else "application/octet-stream"
