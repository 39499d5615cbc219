"""Task modules made by tests: one task of the module's name that returns a number."""
import os
import subprocess

from harness import celeriac

SOURCE = """#include "celeriac_task.h"

static enum celeriac_outcome
run(struct celeriac_context *ctx)
{
    return celeriac_return(ctx, celeriac_integer(celeriac_arena(ctx), %(value)d));
}

static const struct celeriac_task tasks[] = {{.name = "%(name)s", .help = "made by a test", .run = run}};
const struct celeriac_module celeriac_module
    __attribute__((visibility("default"))) = {.abi = %(abi)s, .name = "%(name)s", .tasks = tasks, .n_tasks = 1};
"""


def build(path, value, abi="CELERIAC_ABI"):
    """Puts a module in place, at once, named as its file."""
    source, fresh = path.with_suffix(".c"), path.with_suffix(".new")
    source.write_text(SOURCE % {"name": path.stem, "value": value, "abi": abi})
    include = [word for folder in ("client", "common") for word in ("-I", str(celeriac.SOURCE / folder))]
    subprocess.run(["cc", "-std=c11", "-shared", "-fPIC", *include, str(source), "-o", str(fresh)], check=True)
    os.rename(fresh, path)


def replace(path, content):
    """Puts other bytes in its place, at once."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(content)
    os.rename(fresh, path)
