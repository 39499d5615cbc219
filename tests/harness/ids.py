"""Job ids: UUID text for people, 22 characters of an order-preserving base 64 in Redis (common/id.h), and the hash of its
bucket, where a job's message is."""
import uuid

ALPHABET = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
LENGTH = 22


def to_short(text):
    number = uuid.UUID(text).int << 4  # 22 digits hold 132 bits
    return "".join(ALPHABET[number >> shift & 63] for shift in range(126, -1, -6))


def to_uuid(short):
    if len(short) != LENGTH or any(c not in ALPHABET for c in short):
        return short  # foreign: as it is
    number = 0
    for c in short:
        number = number << 6 | ALPHABET.index(c)
    return str(uuid.UUID(int=number >> 4))


def jobs_key(short, queue="default", namespace="celeriac"):
    has_bucket = len(short) == LENGTH and "R" <= short[8] <= "U"
    return f"{namespace}:{{{queue}}}:jobs:" + (short[:6] + short[8:10] if has_bucket else "other")
