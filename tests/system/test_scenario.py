"""Stories of tests/scenario through real processes: rhubd on a steered clock, real agents where an
agent can do what the story asks, sockets, disk.

    test_scenario.py FOLDER-OF-RHUBD SC-06 [SC-08 ...]
    test_scenario.py FOLDER-OF-RHUBD --tell zh|en [--fast] [--pause] SC-06      for people
    test_scenario.py FOLDER-OF-RHUBD --tell zh|en list
"""
import os
import sys

try:
    import harness
except ImportError as missing:
    print(f"rhub demo --scenario: {missing}; apt-get install python3-zmq python3-nacl "
          "python3-msgpack", file=sys.stderr)
    sys.exit(69)
import scn
from harness import demand
from scn_play import Play
from scn_tell import Silence, Teller


def option(name):
    """The word behind --name, or None."""
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else None


ENGINE_ONLY = {"new-year"}  # brings in a calendar by a line this player has no command for


def stories():
    """Every story that real processes can play, by its name in small letters."""
    return {path.stem.lower(): path for path in sorted(scn.STORIES.glob("*.scn"))
            if path.stem not in ENGINE_ONLY}


def names():
    """The names among the words behind the folder, unknown ones as well."""
    return [word for word in sys.argv[2:]
            if not word.startswith("--") and word != option("--tell")]


def test(run):
    for name in names():
        demand(name.lower() in stories(), f"there is no story {name}")
        play = Play(run, stories()[name.lower()], Silence())
        play.play()
        real = sum(actor.real for actor in play.cast.values())
        run.say(f"{name}: {play.steps} steps, {play.checks} checks, {real} of {len(play.cast)} "
                f"agencies are rhub-agents; lines not asked of a running hub: "
                f"{play.left_out or 'none'}")
        demand(not play.failures, "\n".join(play.failures))


def titles(lang):
    for path in stories().values():
        line = next(line for line in scn.read(path) if line.words[0] == "title")
        print(f"{path.stem}  {scn.Words(line, 1).both()[lang]}")


def tell(lang):
    """One story to a person; exit code 1 when something in it does not hold."""
    path = stories().get(names()[0].lower()) if names() else None
    if path is None:
        titles(lang)
        return 0 if names() == ["list"] else 64
    fast, pause = "--fast" in sys.argv, "--pause" in sys.argv
    run = harness.Run("story")
    failed = []
    try:
        play = Play(run, path, Teller(lang, pace_s=0.0 if fast or pause else 0.7, pause=pause))
        play.play()
        failed = play.failures
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        run.end()
        if not failed and sys.exc_info()[0] is None and not os.environ.get("RHT_KEEP"):
            run.remove()
    return 1 if failed else 0


if option("--tell"):
    sys.exit(tell(option("--tell")))
harness.main("scenario", test)
