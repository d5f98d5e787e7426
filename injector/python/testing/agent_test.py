#!/usr/bin/env python3
"""The agent without PyTorch and without librankle.so: imports, the hidden sitecustomize, stacks on a signal.

  agent_test.py AGENT_DIRECTORY
"""
import json
import os
import subprocess
import sys
import tempfile
import textwrap
import unittest

AGENT = os.path.abspath(sys.argv.pop(1))


class Agent(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)

    def write(self, name, text):
        path = os.path.join(self.scratch.name, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(textwrap.dedent(text))
        return path

    def start(self, program, **environment):
        path = self.write("program.py", program)
        paths = os.pathsep.join([AGENT, self.scratch.name])
        return subprocess.Popen([sys.executable, path], env={**os.environ, "PYTHONPATH": paths, **environment},
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run_program(self, program, **environment):
        process = self.start(program, **environment)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, err)
        return out, err

    def test_a_function_is_called_after_the_module_was_imported_and_once(self):
        self.write("pack/inner.py", "value = 7\n")
        out, _ = self.run_program("""
            import rankle_imports
            rankle_imports.call_after({"pack.inner": lambda module: print("seen", module.value)})
            import pack.inner
            import importlib
            importlib.reload(pack.inner)
        """)
        self.assertEqual(out, "seen 7\n")

    def test_what_a_watcher_raises_is_said_and_not_passed_on(self):
        self.write("pack/inner.py", "value = 7\n")
        out, err = self.run_program("""
            import rankle_imports
            rankle_imports.call_after({"pack.inner": lambda module: 1 / 0})
            import pack.inner
            print(pack.inner.value)
        """)
        self.assertEqual(out, "7\n")
        self.assertIn("pack.inner is not watched: ZeroDivisionError", err)

    def test_the_sitecustomize_that_ours_hides_runs_too(self):
        self.write("sitecustomize.py", "import builtins\nbuiltins.hidden_ran = True\n")
        out, _ = self.run_program("import builtins\nprint(builtins.hidden_ran)\n", RANKLE_OUT=self.scratch.name)
        self.assertEqual(out, "True\n")

    def test_an_exception_that_nobody_catches_is_told_with_the_programs_own_line(self):
        process = self.start("""
            import json
            import python_exceptions
            class Library:
                def ranklePythonException(self, text):
                    print("told", text.decode(), flush=True)
            python_exceptions.watch(Library())
            def load(text):
                return json.loads(text)
            try:
                load("{")
            except ValueError:
                print("caught")
            load("[1,")
        """)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1)
        self.assertRegex(out, r"^caught\ntold JSONDecodeError: .* \(program.py:\d+ in load\)\n$")
        self.assertIn("Traceback", err)

    def test_a_communicator_gets_its_groups_name_when_it_exists_and_other_groups_are_left_alone(self):
        self.write("torch.py", "def device(name):\n    return name\n")
        out, _ = self.run_program("""
            import threading
            import python_communicators
            named = threading.Event()
            class Library:
                def rankleNameCommunicator(self, address, shown):
                    print(hex(address.value), shown.decode(), flush=True)
                    if address.value == 0x20:
                        named.set()
            class Group:  # its communicator exists from the `asked`-th time on
                def __init__(self, address, asked):
                    self.address, self.asked = address, asked
                def _get_backend(self, device):
                    if self.address is None:
                        raise RuntimeError("no backend for cuda")
                    return self
                def _comm_ptr(self):
                    self.asked -= 1
                    return self.address if self.asked <= 0 else 0
            groups = [Group(0x10, 1), Group(None, 1), Group(0x20, 3)]
            for group, name in zip(groups, (b"default_pg", b"gloo", b"mesh_tp")):
                python_communicators.name(Library(), group, name)
            assert named.wait(30)
        """)
        self.assertEqual(out, "0x10 default_pg\n0x20 mesh_tp\n")

    def test_without_librankle_and_without_torch_nothing_is_written(self):
        self.run_program("pass\n", RANKLE_OUT=self.scratch.name, RANKLE_PYTHON_TARGETS="json:dumps")
        self.assertEqual(os.listdir(self.scratch.name), ["program.py"])

    def test_a_signal_brings_the_stacks_while_the_program_waits_and_it_goes_on(self):
        process = self.start("""
            import sys
            import python_stacks
            def wait_for_input():
                print("ready", flush=True)
                print("got", sys.stdin.readline(), end="")
            python_stacks.stand_ready()
            wait_for_input()
        """, RANKLE_OUT=self.scratch.name)
        self.assertEqual(process.stdout.readline(), "ready\n")
        path = os.path.join(self.scratch.name, f"python-{process.pid}.stacks")
        with open(path) as file:
            header = json.loads(file.readline())
        self.assertEqual(header["schema"], "rankle.python-stacks/1")
        self.assertEqual(header["pid"], process.pid)
        os.kill(process.pid, header["signal"])
        out, err = process.communicate("word\n", timeout=60)
        self.assertEqual((process.returncode, out), (0, "got word\n"), err)
        with open(path) as file:
            text = file.read()
        self.assertIn("in wait_for_input", text)
        self.assertIn(header["main_thread"], text)

    def test_a_program_that_uses_the_signal_keeps_its_handler(self):
        out, _ = self.run_program("""
            import os, signal
            signal.signal(signal.SIGRTMIN + 5, lambda *_: print("mine"))
            import python_stacks
            python_stacks.stand_ready()
            os.kill(os.getpid(), signal.SIGRTMIN + 5)
        """, RANKLE_OUT=self.scratch.name)
        self.assertEqual(out, "mine\n")
        self.assertEqual([name for name in os.listdir(self.scratch.name) if name.endswith(".stacks")], [])


if __name__ == "__main__":
    unittest.main()
