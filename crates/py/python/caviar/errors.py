"""What goes wrong, by kind. Each is a ``ValueError`` or a ``RuntimeError``, as scikit-learn's conventions have it."""

from caviar._caviar import DataError, DivergedError, EngineError, FileError, SettingError

__all__ = ["DataError", "DivergedError", "EngineError", "FileError", "SettingError"]
