"""Into how many buckets a stock is worth spreading, and what lies in each: pure arithmetic.

See Note [Buckets] of the models.
"""

from collections.abc import Mapping

#: A bucket of fewer pieces is not worth its row.
PIECES_MIN = 100


def share_out(pieces: int, *, at_most: int) -> list[int]:
    """How many pieces lie in each bucket, from bucket 0 on, where they are spread over so many at most."""
    count = max(1, min(at_most, pieces // PIECES_MIN))
    share, rest = divmod(pieces, count)
    return [share + (number < rest) for number in range(count)]


def is_level(available: Mapping[int, int], *, at_most: int) -> bool:
    """Whether pieces, by bucket, may lie as they do: none where none should be, and half its share at least in each
    other bucket, so that not every sale is followed by a shift.
    """
    shares = share_out(sum(available.values()), at_most=at_most)
    if any(pieces for bucket, pieces in available.items() if bucket >= len(shares)):
        return False
    return all(2 * available.get(bucket, 0) >= share for bucket, share in enumerate(shares))
