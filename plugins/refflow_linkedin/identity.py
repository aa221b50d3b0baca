"""Names for things that LinkedIn gives none: what tells one message or invitation from every other."""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b


class Identities:
    """Digests of rows. Rows that are equal throughout are told apart by how often they came before."""

    def __init__(self) -> None:
        self._seen: Counter[bytes] = Counter()

    def of(self, *parts: str) -> str:
        """The identity of a row with these parts, 128 bits in hexadecimal figures."""
        digest = blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16)
        key = digest.digest()
        before = self._seen[key]
        self._seen[key] = before + 1
        if before:
            digest.update(f"\0{before}".encode())
        return digest.hexdigest()
