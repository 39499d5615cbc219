"""As tests/fault/proxy_cuts.py, at each single byte of each reply."""
from fault import proxy_cuts
from harness.case import main


class EveryByte(proxy_cuts.ProxyCuts):
    samples = 1 << 30


if __name__ == "__main__":
    main()
