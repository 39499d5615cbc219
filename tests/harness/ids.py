"""Job ids: UUID text for people, 22 characters of an order-preserving base 64 in Redis (common/id.h)."""
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
