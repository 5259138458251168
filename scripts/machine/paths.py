"""Where things lie."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"
REQUIREMENTS = ROOT / "requirements"
