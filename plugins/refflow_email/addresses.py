"""Mail addresses as they may stand in a header: ASCII, with international domains in their A-label form."""

from __future__ import annotations

import re
import unicodedata

from refflow.api import Permanent

_ATEXT = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_DOT_ATOM = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*")
_LABEL = re.compile("[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_DOTS = re.compile("[.\u3002\uff0e\uff61]")


def ascii_address(address: str) -> str:
    """The address as RFC 5322 writes an addr-spec. Raises `Permanent`, saying what is wrong with it."""
    local, at, domain = address.strip().rpartition("@")
    if not (local and at and domain):
        raise Permanent(f"{address!r} is not a mail address: it should look like name@example.com")
    written = f"{_local_part(local, address)}@{_domain(domain, address)}"
    if len(written) > 254:
        raise Permanent(f"{address!r} is longer than a mail address may be (254 characters)")
    return written


def _local_part(local: str, address: str) -> str:
    if _DOT_ATOM.fullmatch(local):
        return local
    if not (local.isascii() and local.isprintable()):
        raise Permanent(f"{address!r} has letters before the @ that few mail servers accept; is there another?")
    # Some providers gave out addresses such as `ana..b@`, which are right only in quotes.
    bare = re.sub(r"\\(.)", r"\1", local[1:-1]) if re.fullmatch(r'"(?:[^"\\]|\\.)*"', local) else local
    return '"' + re.sub(r'(["\\])', r"\\\1", bare) + '"'


def _domain(domain: str, address: str) -> str:
    labels = [_a_label(label) for label in _DOTS.split(domain)]
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise Permanent(f"{address!r} has no valid domain after the @")
    return ".".join(labels)


def _a_label(label: str) -> str:
    """RFC 5891's A-label of a label, mapped as UTS #46 does without its transitional rules; "" if it has none.

    The standard library's own codec is IDNA 2003 and would turn straße.de into strasse.de, somebody else's.
    """
    lower = "".join(character.lower() for character in label)  # one by one: a final sigma is not special here
    mapped = unicodedata.normalize("NFKC", lower)
    if mapped.isascii():
        return mapped
    fit = all(character == "-" or unicodedata.category(character)[0] in "LMN" for character in mapped)
    if not fit or unicodedata.category(mapped[0])[0] == "M" or mapped[0] == "-" or mapped[-1] == "-":
        return ""
    return "xn--" + mapped.encode("punycode").decode("ascii")
