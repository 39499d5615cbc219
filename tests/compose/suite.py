"""One engine for all tests, started by the first that needs it."""
import unittest

from engine import Engine, NoEngine

engine = None
why_not = ""


class DeployCase(unittest.TestCase):
    maxDiff = 2000

    @classmethod
    def setUpClass(cls):
        global engine, why_not
        if why_not:
            raise unittest.SkipTest(why_not)
        try:
            engine = engine or Engine()
        except NoEngine as error:
            why_not = str(error)
            raise unittest.SkipTest(why_not) from None
        cls.engine = engine


def stop():
    if engine:
        engine.stop()
