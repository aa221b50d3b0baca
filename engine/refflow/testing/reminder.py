"""What every reminder sink must do."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from ..plugins.factories import resolve
from ..plugins.reminder import Reminder, ReminderSink, SinkContext
from ..plugins.specs import ReminderSinkSpec

REMINDER = Reminder(
    uid="t5.w1@refflow",
    title="Thank Ana Pérez, 雪",
    due=datetime(2026, 3, 30, 9, 30, tzinfo=ZoneInfo("Europe/Madrid")),
    note="She referred you.\nCall her.",
)


class ReminderContract:
    """Subclass it as `TestMySink` and supply `spec` and `kept`; `config` if the sink has one."""

    def spec(self) -> ReminderSinkSpec:
        """What the plugin declares."""
        raise NotImplementedError

    def kept(self, folder: Path) -> dict[str, tuple[str, datetime]]:
        """The reminders at the far end: title and due by uid, `due` aware."""
        raise NotImplementedError

    def config(self) -> msgspec.Struct | None:
        """The configuration to test with."""
        return None

    def sink(self, folder: Path) -> ReminderSink:
        """The sink, made anew."""
        made: ReminderSink = resolve(self.spec().factory)(SinkContext(folder=folder, config=self.config()))
        return made

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return tmp_path / "reminders"

    def test_a_reminder_given_twice_is_there_once(self, folder: Path) -> None:
        sink = self.sink(folder)
        sink.upsert(REMINDER)
        sink.upsert(REMINDER)

        assert self.kept(folder) == {REMINDER.uid: (REMINDER.title, REMINDER.due)}

    def test_it_is_found_again_after_a_reinstall(self, folder: Path) -> None:
        """The uid is all that two sinks have in common."""
        self.sink(folder).upsert(REMINDER)
        later = msgspec.structs.replace(REMINDER, title="Thank Ana", due=REMINDER.due.replace(hour=11))
        self.sink(folder).upsert(later)

        assert self.kept(folder) == {REMINDER.uid: ("Thank Ana", later.due)}

    def test_what_is_cancelled_is_gone_and_stays_gone(self, folder: Path) -> None:
        sink = self.sink(folder)
        sink.upsert(REMINDER)
        sink.cancel(REMINDER.uid)
        sink.cancel(REMINDER.uid)

        assert self.kept(folder) == {}

    def test_cancelling_what_was_never_there_is_fine(self, folder: Path) -> None:
        self.sink(folder).cancel("t9.w1@refflow")

        assert self.kept(folder) == {}

    def test_the_time_of_day_stays_across_a_change_of_clocks(self, folder: Path) -> None:
        """Madrid's clocks change on 29 March 2026: before it 9:30 is 8:30 UTC, after it 7:30."""
        before = msgspec.structs.replace(
            REMINDER, uid="t6.w1@refflow", due=datetime(2026, 3, 27, 9, 30, tzinfo=ZoneInfo("Europe/Madrid"))
        )
        sink = self.sink(folder)
        sink.upsert(before)
        sink.upsert(REMINDER)

        kept = self.kept(folder)
        assert kept[before.uid][1] == before.due
        assert kept[REMINDER.uid][1] == REMINDER.due
