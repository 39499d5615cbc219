"""What the tests against the real program share. ctest sets the environment; by hand:

    PYTHONPATH=tests CELERIAC=build/debug/... python3 -B tests/integration/cli_jobs.py

or, simpler, `ctest --test-dir build/debug -R integration.cli_jobs -V`.
"""
