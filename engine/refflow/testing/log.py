"""What every log promises, whatever it is stored in."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refflow.events.event import Commit, Opaque, StoredEvent
from refflow.events.kinds import Kinds
from refflow.events.people import ContactNoted
from refflow.log.log import Conflict, Log

from .commits import CORE_KINDS, KINDS, LATER_KINDS, Part, commit_of, event, events, parts, positions


class Refused(Exception):
    """What a case raises while a commit is being stored."""


class LogContract:
    """The cases. A subclass supplies `log` and `reopen`, and closes what they opened."""

    def log(self) -> Log:
        """A new, empty log that knows `KINDS`."""
        raise NotImplementedError

    def reopen(self, kinds: Kinds = KINDS) -> Log:
        """The log that `log` made last, over a connection of its own, knowing `kinds`."""
        raise NotImplementedError

    def test_an_empty_log_stands_at_zero_and_has_nothing_to_read(self) -> None:
        log = self.log()

        assert log.head() == 0
        assert events(log) == []

    def test_an_empty_log_verifies(self) -> None:
        verdict = self.log().verify()

        assert (verdict.head, verdict.erased, verdict.damage, verdict.damaged_at) == (0, 0, None, None)

    def test_positions_run_from_one_without_a_gap(self) -> None:
        log = self.log()
        heads = [log.append(parts(3), 0), log.append(parts(1), 3), log.append(parts(2), 4)]

        assert heads == [3, 4, 6]
        assert log.head() == 6
        assert positions(log) == [1, 2, 3, 4, 5, 6]

    def test_an_event_comes_back_as_it_was_appended(self) -> None:
        log = self.log()
        note = event(ContactNoted(contact="c1", text="met in Zürich"), by="plugin:notes@1.2", cause=1)
        commit = msgspec.structs.replace(parts(2), events=(parts().events[0], note))
        log.append(commit, 0)

        assert events(self.reopen(), after=1) == [
            StoredEvent(
                position=2, kind="contact.noted", occurred_at=note.occurred_at, recorded_at=commit.recorded_at,
                by="plugin:notes@1.2", cause=1, commit=commit.id, payload=note.payload,
            )
        ]  # fmt: skip

    def test_what_one_connection_appends_another_sees(self) -> None:
        log = self.log()
        other = self.reopen()
        log.append(parts(2), 0)
        other.append(parts(1), 2)

        assert (log.head(), other.head()) == (3, 3)
        assert events(log) == events(other)

    def test_every_kind_of_text_survives(self) -> None:
        log = self.log()
        text = "\0 \x1f \x7f \" \\ ' \u2028 \ufeff \U0001f600 e\u0301 مرحبا {}[],: %s $1 \r\n"
        log.append(parts(1, text), 0)

        assert events(log)[0].payload.text == text
        assert log.verify().damage is None

    # A commit is stored whole or not at all.

    def test_what_raises_within_a_commit_leaves_nothing_stored(self) -> None:
        log = self.log()
        log.append(parts(1), 0)

        def refuse() -> None:
            raise Refused

        with pytest.raises(Refused):
            log.append(parts(3), 1, refuse)

        assert positions(log) == positions(self.reopen()) == [1]

    def test_a_refused_commit_can_be_appended_afterwards(self) -> None:
        log = self.log()
        commit = parts(2)

        def refuse() -> None:
            raise Refused

        with pytest.raises(Refused):
            log.append(commit, 0, refuse)

        assert log.append(commit, 0) == 2
        assert log.verify().head == 2

    def test_within_runs_once_for_a_commit_that_is_stored_and_never_for_another(self) -> None:
        log = self.log()
        commit, calls = parts(2), [0]

        def count() -> None:
            calls[0] += 1

        log.append(commit, 0, count)
        log.append(commit, 0, count)
        with pytest.raises(Conflict):
            log.append(parts(2), 0, count)

        assert calls == [1]

    # One head, one winner.

    @pytest.mark.parametrize("newer", [0, 1], ids=["the-older-commit", "the-newer-commit"])
    def test_of_two_writers_at_one_head_exactly_one_wins(self, newer: int) -> None:
        one, other = self.log(), self.reopen()
        head = one.append(parts(1), 0)
        assert other.head() == head
        commits = parts(2), parts(2)
        winning, losing = commits[newer], commits[1 - newer]
        one.append(winning, head)

        with pytest.raises(Conflict):
            other.append(losing, head)

        assert [each.commit for each in events(other, after=head)] == [winning.id, winning.id]
        assert other.append(losing, other.head()) == 5

    @pytest.mark.parametrize("expected", [0, 1, 2, 4, 5, 1000])
    def test_a_new_commit_at_any_head_but_the_present_is_a_conflict(self, expected: int) -> None:
        log = self.log()
        log.append(parts(3), 0)

        with pytest.raises(Conflict, match="3"):
            log.append(parts(1), expected)

        assert log.head() == 3

    # A lost acknowledgement.

    def test_a_commit_appended_again_right_away_is_stored_once(self) -> None:
        log = self.log()
        log.append(parts(1), 0)
        commit = parts(3)

        assert [log.append(commit, 1), log.append(commit, 1), self.reopen().append(commit, 1)] == [4, 4, 4]
        assert positions(log) == [1, 2, 3, 4]

    def test_a_commit_appended_again_after_others_is_stored_once_and_returns_the_head_it_made(self) -> None:
        log = self.log()
        commit = parts(2)
        log.append(commit, 0)
        other = self.reopen()
        other.append(parts(4), 2)
        other.append(parts(1), 6)

        assert log.append(commit, 0) == 2
        assert positions(log) == [1, 2, 3, 4, 5, 6, 7]
        assert log.verify().damage is None

    def test_a_longer_commit_under_the_same_id_is_a_conflict(self) -> None:
        log = self.log()
        commit = parts(2)
        log.append(commit, 0)
        longer = msgspec.structs.replace(commit, events=parts(3).events)

        with pytest.raises(Conflict):
            log.append(longer, 0)

    # Reading.

    def test_reading_after_and_until_a_position(self) -> None:
        log = self.log()
        log.append(parts(5), 0)

        assert positions(log, after=2) == [3, 4, 5]
        assert positions(log, until=2) == [1, 2]
        assert positions(log, after=1, until=4) == [2, 3, 4]
        assert positions(log, after=3, until=3) == positions(log, after=4, until=2) == []
        assert positions(log, until=0) == positions(log, after=5) == positions(log, after=99) == []
        assert positions(log, until=99) == [1, 2, 3, 4, 5]

    def test_reading_only_some_kinds(self) -> None:
        log = self.log()
        note = ContactNoted(contact="c1")
        log.append(commit_of(note, Part(part=2, of=3), note), 0)

        assert positions(log, kinds={"contact.noted"}) == [1, 3]
        assert positions(log, kinds=["test.part", "contact.noted"]) == [1, 2, 3]
        assert positions(log, after=1, until=3, kinds=("contact.noted",)) == [3]
        assert positions(log, kinds=["nobody.knows"]) == positions(log, kinds=[]) == []

    def test_a_long_log_comes_in_pages_in_order(self) -> None:
        log = self.log()
        log.append(parts(10_001), 0)
        pages = list(log.read())

        assert all(pages)
        assert max(len(page) for page in pages) < 10_001
        assert [event.position for page in pages for event in page] == list(range(1, 10_002))

    def test_some_kinds_of_a_long_log_come_in_pages_in_order(self) -> None:
        log = self.log()
        log.append(commit_of(*[ContactNoted(contact="c1")] * 6_000), 0)
        log.append(parts(6_000), 6_000)

        assert positions(log, kinds=["test.part"]) == list(range(6_001, 12_001))
        assert positions(log, after=1, until=11_000, kinds=["contact.noted"]) == list(range(2, 6_001))

    # Personal fields, and kinds nobody knows.

    def test_personal_fields_come_back_and_may_be_absent(self) -> None:
        log = self.log()
        texts = ["ask Ada about Oslo", None, ""]
        log.append(commit_of(*(ContactNoted(contact="c1", text=text) for text in texts)), 0)

        assert [each.payload.text for each in events(self.reopen())] == texts

    def test_an_unknown_kind_comes_back_opaque_and_is_not_lost(self) -> None:
        self.log().append(commit_of(Part(part=1, of=2, text="secret"), ContactNoted(contact="c1")), 0)
        without = self.reopen(CORE_KINDS)
        unknown, known = events(without)

        assert (unknown.kind, unknown.payload) == (
            "test.part",
            Opaque('{"part":1,"of":2}', '{"text":"secret"}'),
        )
        assert known.payload == ContactNoted(contact="c1")
        assert positions(without, kinds=["test.part"]) == [1]
        assert without.verify().damage is None

    def test_an_unknown_version_comes_back_opaque_and_is_not_lost(self) -> None:
        self.log()
        self.reopen(LATER_KINDS).append(commit_of(Part(part=1, of=1)), 0)

        assert [each.payload for each in events(self.reopen())] == [Opaque('{"part":1,"of":1}', None)]
        assert [each.payload for each in events(self.reopen(LATER_KINDS))] == [Part(part=1, of=1)]

    def test_a_log_with_unknown_kinds_goes_on(self) -> None:
        self.log().append(parts(1), 0)
        without = self.reopen(CORE_KINDS)
        without.append(commit_of(ContactNoted(contact="c1")), 1)

        assert [each.payload for each in events(self.reopen(), after=0, until=1)] == [
            Part(part=1, of=1, text="Grüße, 雪")
        ]

    # The chain.

    def test_a_log_as_refflow_wrote_it_verifies(self) -> None:
        log = self.log()
        log.append(parts(2), 0)
        log.append(parts(1, None), 2)
        verdict = self.reopen().verify()

        assert (verdict.head, verdict.erased, verdict.damage, verdict.damaged_at) == (3, 0, None, None)
        assert verdict == log.verify()

    def test_the_digest_identifies_the_history(self) -> None:
        log = self.log()
        digests = [log.verify().digest]
        for head in range(3):
            log.append(parts(1), head)
            digests.append(log.verify().digest)

        assert len(set(digests)) == 4
        assert all(len(bytes.fromhex(digest)) == 32 for digest in digests)

    def test_verifying_reports_its_progress(self) -> None:
        log = self.log()
        log.append(parts(10_001), 0)
        seen: list[int] = []
        log.verify(seen.append)

        assert sum(seen) == 10_001

    # A subclass has an executor of its own, and every example makes a new log.
    @settings(
        max_examples=30,
        deadline=None,
        suppress_health_check=[HealthCheck.differing_executors, HealthCheck.function_scoped_fixture],
    )
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["append", "again", "stale", "refuse", "reopen"]),
                st.integers(min_value=1, max_value=4),
                st.none() | st.text(max_size=8),
            ),
            max_size=12,
        )
    )
    def test_after_any_calls_the_log_holds_what_was_acknowledged(
        self, calls: list[tuple[str, int, str | None]]
    ) -> None:
        log = self.log()
        stored: list[tuple[Commit, int]] = []
        head = 0

        def refuse() -> None:
            raise Refused

        for call, size, text in calls:
            if call == "append":
                stored.append((parts(size, text), head))
                head = log.append(stored[-1][0], head)
            elif call == "again" and stored:
                commit, expected = stored[size % len(stored)]
                assert log.append(commit, expected) == expected + len(commit.events)
            elif call == "stale":
                with pytest.raises(Conflict):
                    log.append(parts(size, text), head + size)
            elif call == "refuse":
                with pytest.raises(Refused):
                    log.append(parts(size, text), head, refuse)
            elif call == "reopen":
                log = self.reopen()

        acknowledged = [(commit.id, each.payload) for commit, _ in stored for each in commit.events]
        assert [(each.commit, each.payload) for each in events(log)] == acknowledged
        assert (log.head(), log.verify().head, log.verify().damage) == (head, head, None)
