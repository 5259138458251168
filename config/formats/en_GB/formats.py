"""Moments as operators read them: to the second, by 24 hours."""

DATETIME_FORMAT = "j M Y H:i:s"
DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i:s"
