"""Runs one module of CPython's test suite and says of each test how it ended, a line of JSON each.

Arguments: the module, then the tests to leave out.
"""

import importlib
import json
import os
import sys
import tempfile
import traceback
import unittest
import warnings

from test import support

module_name, left_out = sys.argv[1], set(sys.argv[2:])
lines = os.fdopen(os.dup(1), "w")


def say(**what):
    lines.write("\n@" + json.dumps(what) + "\n")
    lines.flush()


def reason(error):
    return "".join(traceback.format_exception(*error))[-3000:]


class Told(unittest.TestResult):
    def startTest(self, test):
        super().startTest(test)
        self.outcome, self.why = "ok", ""
        say(begins=test.id())

    def stopTest(self, test):
        super().stopTest(test)
        say(test=test.id(), outcome=self.outcome, why=self.why)

    def failed(self, test, outcome, error):
        why = reason(error)
        if isinstance(test, unittest.suite._ErrorHolder):
            say(test=test.id(), outcome=outcome, why=why)
        self.outcome, self.why = outcome, why

    def addError(self, test, err):
        self.failed(test, "error", err)

    def addFailure(self, test, err):
        self.failed(test, "fail", err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.failed(test, "fail", err)

    def addSkip(self, test, reason):
        if isinstance(test, unittest.suite._ErrorHolder):
            say(test=test.id(), outcome="skip", why=reason)
        self.outcome, self.why = "skip", reason

    def addExpectedFailure(self, test, err):
        self.outcome, self.why = "expected failure", ""

    def addUnexpectedSuccess(self, test):
        self.outcome, self.why = "unexpected success", ""


def cases(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from cases(item)
        else:
            yield item


def run(suite):
    suite = type(suite)(case for case in cases(suite) if case.id() not in left_out)
    result = Told()
    result.failfast = False
    suite.run(result)


support._run_suite = run
support.use_resources = {}
support.verbose = False
support.junit_xml_list = None
os.chdir(tempfile.mkdtemp(prefix="tests-"))
sys.path.insert(0, os.getcwd())
try:
    module = importlib.import_module("test." + module_name)
except unittest.SkipTest as skipped:
    say(test=module_name, outcome="skip", why=str(skipped))
except BaseException:
    say(test=module_name, outcome="error", why=reason(sys.exc_info()))
else:
    with warnings.catch_warnings():
        try:
            if hasattr(module, "test_main"):
                module.test_main()
            else:
                run(unittest.defaultTestLoader.loadTestsFromModule(module))
        except unittest.SkipTest as skipped:
            say(test=module_name, outcome="skip", why=str(skipped))
        except BaseException:
            say(test=module_name, outcome="error", why=reason(sys.exc_info()))
say(done=module_name)
lines.flush()
os._exit(0)
