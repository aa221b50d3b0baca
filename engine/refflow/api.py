"""The promised surface of refflow: what plugins and programs may import.

Names are added in minor versions and taken away only in major ones. Everything else is refflow's own
business and may change at any time.

The first group is what a plugin declares and works with, and is light to import. The second is what the
command line is made of, one call a command; it is imported at first use:

    from datetime import UTC, datetime
    from pathlib import Path
    from refflow import api

    now = datetime.now(UTC)
    with api.init(Path("search"), now, name="Ada Example") as workspace:
        ana = api.add_person(workspace, api.PersonDetails(name="Ana Lima", company="Acme"), now)
        print(api.who(workspace, "Acme", now).candidates[0].name)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from refflow.contacts.companies import company_key
from refflow.contacts.names import display_name, email_key, fold, greeting_name, linkedin_slug
from refflow.contacts.records import (
    Counterpart,
    Employment,
    FileReport,
    Importer,
    ImportReport,
    Interaction,
    Owner,
    Person,
    Problem,
    Record,
    SavedOpening,
    Tie,
)
from refflow.errors import Held, NotFound, ProblemsFound, RefflowError, UsageError
from refflow.plugins.channel import (
    NOT_SENT,
    UNKNOWN,
    Channel,
    ChannelContext,
    Delivery,
    Outgoing,
    Permanent,
    Receiver,
    Retryable,
    Unauthorised,
    Unfound,
    single_line,
)
from refflow.plugins.config import Secret
from refflow.plugins.deprecation import RefflowRemovedIn2Warning
from refflow.plugins.health import DoctorContext, Finding
from refflow.plugins.marks import hookimpl
from refflow.plugins.outbox import Outbox
from refflow.plugins.reminder import Reminder, ReminderSink, SinkContext
from refflow.plugins.specs import (
    ActionSpec,
    ChannelSpec,
    CommandSpec,
    ConditionSpec,
    EventTypeSpec,
    FilterSpec,
    FunctionSpec,
    HealthCheckSpec,
    ImporterSpec,
    ProjectionSpec,
    ReactorSpec,
    ReminderSinkSpec,
    UpcasterSpec,
    ViewSpec,
    WorkflowSourceSpec,
)

if TYPE_CHECKING:
    from refflow.workspace.agenda import Agenda as Agenda
    from refflow.workspace.agenda import Step as Step
    from refflow.workspace.agenda import Suggestion as Suggestion
    from refflow.workspace.agenda import Waiting as Waiting
    from refflow.workspace.agenda import agenda as agenda
    from refflow.workspace.applications import application as application
    from refflow.workspace.asks import asked_about as asked_about
    from refflow.workspace.asks import close_ask as close_ask
    from refflow.workspace.asks import find_ask as find_ask
    from refflow.workspace.asks import referred as referred
    from refflow.workspace.asks import reply as reply
    from refflow.workspace.backtesting import Backtested as Backtested
    from refflow.workspace.backtesting import Difference as Difference
    from refflow.workspace.backtesting import How as How
    from refflow.workspace.backtesting import Planned as Planned
    from refflow.workspace.backtesting import backtest as backtest
    from refflow.workspace.backtesting import what_if as what_if
    from refflow.workspace.board import Board as Board
    from refflow.workspace.board import Card as Card
    from refflow.workspace.board import board as board
    from refflow.workspace.board import board_as_of as board_as_of
    from refflow.workspace.checking import Checked as Checked
    from refflow.workspace.checking import Code as Code
    from refflow.workspace.checking import Outdated as Outdated
    from refflow.workspace.checking import check as check
    from refflow.workspace.checking import explain as explain
    from refflow.workspace.checking import outdated as outdated
    from refflow.workspace.checking import report as report
    from refflow.workspace.command import CommandContext as CommandContext
    from refflow.workspace.debts import find_debt as find_debt
    from refflow.workspace.debts import settle_debt as settle_debt
    from refflow.workspace.definitions import read_definition as read_definition
    from refflow.workspace.doctor import Diagnosis as Diagnosis
    from refflow.workspace.doctor import diagnose as diagnose
    from refflow.workspace.drawing import draw as draw
    from refflow.workspace.history import Explanation as Explanation
    from refflow.workspace.history import Reason as Reason
    from refflow.workspace.history import Undone as Undone
    from refflow.workspace.history import describe as describe
    from refflow.workspace.history import events as events
    from refflow.workspace.history import undo as undo
    from refflow.workspace.history import why as why
    from refflow.workspace.importing import Plan as Plan
    from refflow.workspace.importing import import_source as import_source
    from refflow.workspace.inboxes import Incoming as Incoming
    from refflow.workspace.inboxes import Received as Received
    from refflow.workspace.messages import Draft as Draft
    from refflow.workspace.messages import approve as approve
    from refflow.workspace.messages import approve_all as approve_all
    from refflow.workspace.messages import confirm_sent as confirm_sent
    from refflow.workspace.messages import draft as draft
    from refflow.workspace.messages import edit as edit
    from refflow.workspace.messages import find_message as find_message
    from refflow.workspace.messages import skip_message as skip_message
    from refflow.workspace.migrating import Diff as Diff
    from refflow.workspace.migrating import Migration as Migration
    from refflow.workspace.migrating import diff as diff
    from refflow.workspace.migrating import migrate as migrate
    from refflow.workspace.openings import OpeningDetails as OpeningDetails
    from refflow.workspace.openings import Packet as Packet
    from refflow.workspace.openings import add_opening as add_opening
    from refflow.workspace.openings import alias_company as alias_company
    from refflow.workspace.openings import close_opening as close_opening
    from refflow.workspace.openings import edit_opening as edit_opening
    from refflow.workspace.openings import find_opening as find_opening
    from refflow.workspace.openings import packet as packet
    from refflow.workspace.openings import personalise as personalise
    from refflow.workspace.parts import AskFacts as AskFacts
    from refflow.workspace.parts import ContactFacts as ContactFacts
    from refflow.workspace.parts import Facts as Facts
    from refflow.workspace.parts import OpeningFacts as OpeningFacts
    from refflow.workspace.parts import OwnerFacts as OwnerFacts
    from refflow.workspace.parts import Projection as Projection
    from refflow.workspace.parts import Reactor as Reactor
    from refflow.workspace.parts import ReactorContext as ReactorContext
    from refflow.workspace.parts import Row as Row
    from refflow.workspace.parts import Rows as Rows
    from refflow.workspace.parts import StoredEvent as StoredEvent
    from refflow.workspace.parts import handles as handles
    from refflow.workspace.pausing import away as away
    from refflow.workspace.pausing import closed_channels as closed_channels
    from refflow.workspace.pausing import pause as pause
    from refflow.workspace.pausing import pauses as pauses
    from refflow.workspace.pausing import queue as queue
    from refflow.workspace.pausing import reopen_channel as reopen_channel
    from refflow.workspace.pausing import resume as resume
    from refflow.workspace.pausing import withdraw as withdraw
    from refflow.workspace.people import PersonDetails as PersonDetails
    from refflow.workspace.people import Profile as Profile
    from refflow.workspace.people import add_person as add_person
    from refflow.workspace.people import block as block
    from refflow.workspace.people import edit_person as edit_person
    from refflow.workspace.people import find_contact as find_contact
    from refflow.workspace.people import log_contact as log_contact
    from refflow.workspace.people import note as note
    from refflow.workspace.people import opt_out as opt_out
    from refflow.workspace.people import profile as profile
    from refflow.workspace.people import unblock as unblock
    from refflow.workspace.purity import Impurity as Impurity
    from refflow.workspace.receiving import close_inbox as close_inbox
    from refflow.workspace.receiving import receive as receive
    from refflow.workspace.replaying import AsOf as AsOf
    from refflow.workspace.replaying import Comparison as Comparison
    from refflow.workspace.replaying import Redecided as Redecided
    from refflow.workspace.replaying import Replayed as Replayed
    from refflow.workspace.replaying import redecide as redecide
    from refflow.workspace.replaying import replay as replay
    from refflow.workspace.replaying import replay_check as replay_check
    from refflow.workspace.replaying import replay_until as replay_until
    from refflow.workspace.replaying import verify_chain as verify_chain
    from refflow.workspace.runs import cancel_run as cancel_run
    from refflow.workspace.runs import close_task as close_task
    from refflow.workspace.sampling import Answers as Answers
    from refflow.workspace.sampling import Sampled as Sampled
    from refflow.workspace.sampling import answers_in as answers_in
    from refflow.workspace.sampling import sample as sample
    from refflow.workspace.setup import init as init
    from refflow.workspace.simulating import HORIZON as HORIZON
    from refflow.workspace.simulating import Habits as Habits
    from refflow.workspace.simulating import MadeUpContact as MadeUpContact
    from refflow.workspace.simulating import MadeUpOpening as MadeUpOpening
    from refflow.workspace.simulating import Occurrence as Occurrence
    from refflow.workspace.simulating import Simulator as Simulator
    from refflow.workspace.simulating import arrange as arrange
    from refflow.workspace.simulating import happen as happen
    from refflow.workspace.starting import Started as Started
    from refflow.workspace.starting import start as start
    from refflow.workspace.stats import Rate as Rate
    from refflow.workspace.stats import Stats as Stats
    from refflow.workspace.stats import stats as stats
    from refflow.workspace.story import Line as Line
    from refflow.workspace.story import Simulated as Simulated
    from refflow.workspace.strict import Strict as Strict
    from refflow.workspace.strict import replay_strict as replay_strict
    from refflow.workspace.synchronising import synchronise as synchronise
    from refflow.workspace.trying import Coverage as Coverage
    from refflow.workspace.trying import Trial as Trial
    from refflow.workspace.trying import Tried as Tried
    from refflow.workspace.trying import generate_tests as generate_tests
    from refflow.workspace.trying import try_workflows as try_workflows
    from refflow.workspace.versions import Version as Version
    from refflow.workspace.versions import find_version as find_version
    from refflow.workspace.versions import schema as schema
    from refflow.workspace.versions import versions as versions
    from refflow.workspace.watching import Saved as Saved
    from refflow.workspace.watching import judge_files as judge_files
    from refflow.workspace.watching import watch as watch
    from refflow.workspace.when import parse_when as parse_when
    from refflow.workspace.when import say_distance as say_distance
    from refflow.workspace.when import say_when as say_when
    from refflow.workspace.who import Candidate as Candidate
    from refflow.workspace.who import Ranking as Ranking
    from refflow.workspace.who import Term as Term
    from refflow.workspace.who import who as who
    from refflow.workspace.whynot import Condition as Condition
    from refflow.workspace.whynot import Eligibility as Eligibility
    from refflow.workspace.whynot import why_not as why_not
    from refflow.workspace.workspace import Workspace as Workspace
    from refflow.workspace.workspace import open_workspace as open_workspace

_CALLS = {
    "agenda": (
        "Agenda",
        "Step",
        "Suggestion",
        "Waiting",
        "agenda",
    ),
    "applications": ("application",),
    "asks": (
        "asked_about",
        "close_ask",
        "find_ask",
        "referred",
        "reply",
    ),
    "backtesting": (
        "Backtested",
        "Difference",
        "How",
        "Planned",
        "backtest",
        "what_if",
    ),
    "board": (
        "Board",
        "Card",
        "board",
        "board_as_of",
    ),
    "checking": (
        "Checked",
        "Code",
        "Outdated",
        "check",
        "explain",
        "outdated",
        "report",
    ),
    "command": ("CommandContext",),
    "debts": (
        "find_debt",
        "settle_debt",
    ),
    "definitions": ("read_definition",),
    "doctor": (
        "Diagnosis",
        "diagnose",
    ),
    "drawing": ("draw",),
    "history": (
        "Explanation",
        "Reason",
        "Undone",
        "describe",
        "events",
        "undo",
        "why",
    ),
    "importing": (
        "Plan",
        "import_source",
    ),
    "inboxes": (
        "Incoming",
        "Received",
    ),
    "messages": (
        "Draft",
        "approve",
        "approve_all",
        "confirm_sent",
        "draft",
        "edit",
        "find_message",
        "skip_message",
    ),
    "migrating": (
        "Diff",
        "Migration",
        "diff",
        "migrate",
    ),
    "openings": (
        "OpeningDetails",
        "Packet",
        "add_opening",
        "alias_company",
        "close_opening",
        "edit_opening",
        "find_opening",
        "packet",
        "personalise",
    ),
    "parts": (
        "AskFacts",
        "ContactFacts",
        "Facts",
        "OpeningFacts",
        "OwnerFacts",
        "Projection",
        "Reactor",
        "ReactorContext",
        "Row",
        "Rows",
        "StoredEvent",
        "handles",
    ),
    "pausing": (
        "away",
        "closed_channels",
        "pause",
        "pauses",
        "queue",
        "reopen_channel",
        "resume",
        "withdraw",
    ),
    "people": (
        "PersonDetails",
        "Profile",
        "add_person",
        "block",
        "edit_person",
        "find_contact",
        "log_contact",
        "note",
        "opt_out",
        "profile",
        "unblock",
    ),
    "purity": ("Impurity",),
    "receiving": (
        "close_inbox",
        "receive",
    ),
    "replaying": (
        "AsOf",
        "Comparison",
        "Redecided",
        "Replayed",
        "redecide",
        "replay",
        "replay_check",
        "replay_until",
        "verify_chain",
    ),
    "runs": (
        "cancel_run",
        "close_task",
    ),
    "sampling": (
        "Answers",
        "Sampled",
        "answers_in",
        "sample",
    ),
    "setup": ("init",),
    "simulating": (
        "HORIZON",
        "Habits",
        "MadeUpContact",
        "MadeUpOpening",
        "Occurrence",
        "Simulator",
        "arrange",
        "happen",
    ),
    "starting": (
        "Started",
        "start",
    ),
    "stats": (
        "Rate",
        "Stats",
        "stats",
    ),
    "story": (
        "Line",
        "Simulated",
    ),
    "strict": (
        "Strict",
        "replay_strict",
    ),
    "synchronising": ("synchronise",),
    "trying": (
        "Coverage",
        "Trial",
        "Tried",
        "generate_tests",
        "try_workflows",
    ),
    "versions": (
        "Version",
        "find_version",
        "schema",
        "versions",
    ),
    "watching": (
        "Saved",
        "judge_files",
        "watch",
    ),
    "when": (
        "parse_when",
        "say_distance",
        "say_when",
    ),
    "who": (
        "Candidate",
        "Ranking",
        "Term",
        "who",
    ),
    "whynot": (
        "Condition",
        "Eligibility",
        "why_not",
    ),
    "workspace": (
        "Workspace",
        "open_workspace",
    ),
}
_MODULES = {name: module for module, names in _CALLS.items() for name in names}


def __getattr__(name: str) -> Any:
    """The second group, imported when it is asked for."""
    if name not in _MODULES:
        raise AttributeError(f"refflow.api has no {name}")
    value = getattr(import_module(f"refflow.workspace.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


__all__ = [
    "HORIZON",
    "NOT_SENT",
    "UNKNOWN",
    "ActionSpec",
    "Agenda",
    "Answers",
    "AsOf",
    "AskFacts",
    "Backtested",
    "Board",
    "Candidate",
    "Card",
    "Channel",
    "ChannelContext",
    "ChannelSpec",
    "Checked",
    "Code",
    "CommandContext",
    "CommandSpec",
    "Comparison",
    "Condition",
    "ConditionSpec",
    "ContactFacts",
    "Counterpart",
    "Coverage",
    "Delivery",
    "Diagnosis",
    "Diff",
    "Difference",
    "DoctorContext",
    "Draft",
    "Eligibility",
    "Employment",
    "EventTypeSpec",
    "Explanation",
    "Facts",
    "FileReport",
    "FilterSpec",
    "Finding",
    "FunctionSpec",
    "Habits",
    "HealthCheckSpec",
    "Held",
    "How",
    "ImportReport",
    "Importer",
    "ImporterSpec",
    "Impurity",
    "Interaction",
    "Line",
    "MadeUpContact",
    "MadeUpOpening",
    "Migration",
    "NotFound",
    "Occurrence",
    "OpeningDetails",
    "OpeningFacts",
    "Outbox",
    "Outgoing",
    "Owner",
    "OwnerFacts",
    "Packet",
    "Permanent",
    "Person",
    "PersonDetails",
    "Plan",
    "Planned",
    "Problem",
    "ProblemsFound",
    "Profile",
    "Projection",
    "ProjectionSpec",
    "Ranking",
    "Rate",
    "Reactor",
    "ReactorContext",
    "ReactorSpec",
    "Reason",
    "Received",
    "Receiver",
    "Record",
    "Redecided",
    "RefflowError",
    "RefflowRemovedIn2Warning",
    "Reminder",
    "ReminderSink",
    "ReminderSinkSpec",
    "Replayed",
    "Retryable",
    "Row",
    "Rows",
    "Sampled",
    "Saved",
    "SavedOpening",
    "Secret",
    "Simulated",
    "Simulator",
    "SinkContext",
    "Started",
    "Stats",
    "Step",
    "StoredEvent",
    "Strict",
    "Suggestion",
    "Term",
    "Tie",
    "Trial",
    "Tried",
    "Unauthorised",
    "Undone",
    "Unfound",
    "UpcasterSpec",
    "UsageError",
    "Version",
    "ViewSpec",
    "Waiting",
    "WorkflowSourceSpec",
    "Workspace",
    "add_opening",
    "add_person",
    "agenda",
    "alias_company",
    "answers_in",
    "application",
    "approve",
    "approve_all",
    "arrange",
    "asked_about",
    "backtest",
    "block",
    "board",
    "board_as_of",
    "cancel_run",
    "check",
    "close_ask",
    "close_inbox",
    "close_opening",
    "close_task",
    "closed_channels",
    "company_key",
    "confirm_sent",
    "describe",
    "diagnose",
    "diff",
    "display_name",
    "draft",
    "draw",
    "edit",
    "edit_opening",
    "edit_person",
    "email_key",
    "events",
    "explain",
    "find_ask",
    "find_contact",
    "find_debt",
    "find_message",
    "find_opening",
    "find_version",
    "fold",
    "generate_tests",
    "greeting_name",
    "handles",
    "happen",
    "hookimpl",
    "import_source",
    "init",
    "judge_files",
    "linkedin_slug",
    "log_contact",
    "migrate",
    "note",
    "open_workspace",
    "opt_out",
    "packet",
    "parse_when",
    "personalise",
    "profile",
    "read_definition",
    "receive",
    "redecide",
    "referred",
    "replay",
    "replay_check",
    "replay_strict",
    "replay_until",
    "reply",
    "report",
    "sample",
    "say_distance",
    "say_when",
    "schema",
    "settle_debt",
    "single_line",
    "skip_message",
    "start",
    "stats",
    "synchronise",
    "try_workflows",
    "unblock",
    "undo",
    "verify_chain",
    "versions",
    "watch",
    "what_if",
    "who",
    "why",
    "why_not",
]
