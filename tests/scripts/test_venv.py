"""The virtual environment: made from nothing, and left alone while its locks are the same."""

from pathlib import Path

import pytest

from machine import venv


@pytest.fixture
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of its own, with one set of requirements that asks for nothing."""
    requirements, local = tmp_path / "requirements", tmp_path / ".local"
    for folder in (requirements, local):
        folder.mkdir()
    (requirements / "base.txt").write_text("# nothing\n")
    for name, path in {
        "REQUIREMENTS": requirements,
        "LOCAL": local,
        "LOG": local / "pip.log",
        "VENV": local / "venv",
        "PYTHON": local / "venv" / "bin" / "python",
        "_STATE": local / "venv" / "tradecore.json",
    }.items():
        monkeypatch.setattr(venv, name, path)
    return requirements


class TestSync:
    def test_makes_it_from_nothing(self, locks: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert venv.sync("base").exists()
        assert "installing requirements/base.txt" in capsys.readouterr().out

    def test_skips_what_has_not_changed(self, locks: Path, capsys: pytest.CaptureFixture[str]) -> None:
        venv.sync("base")
        capsys.readouterr()
        venv.sync("base")
        assert capsys.readouterr().out == ""

    def test_installs_what_has_changed(self, locks: Path, capsys: pytest.CaptureFixture[str]) -> None:
        venv.sync("base")
        (locks / "base.txt").write_text("# nothing else\n")
        capsys.readouterr()
        venv.sync("base")
        assert capsys.readouterr().out.splitlines() == ["installing requirements/base.txt into .local/venv ..."]

    def test_begins_anew_after_a_kill(self, locks: Path, capsys: pytest.CaptureFixture[str]) -> None:
        half_a_package = venv.sync("base").parents[1] / "half_a_package"
        half_a_package.touch()
        venv._STATE.unlink()  # as an install that was killed leaves it
        venv.sync("base")
        assert not half_a_package.exists()

    def test_says_why_and_keeps_the_rest_when_an_install_fails(self, locks: Path) -> None:
        venv.sync("base")
        (locks / "mysql.txt").write_text("./there-is-no-such-folder\n")
        with pytest.raises(venv.InstallFailed, match="there-is-no-such-folder"):
            venv.sync("mysql")
        kept = venv.VENV / "kept"
        kept.touch()
        venv.sync("base")
        assert kept.exists()
