"""Git repositories for tests, written by `git fast-import`: any path, mode and shape of history."""

from __future__ import annotations

import subprocess
from pathlib import Path

Tree = dict[bytes, tuple[str, bytes]]
"""path -> mode and content; of a submodule the content is a commit id"""

FILE, EXECUTABLE, LINK, SUBMODULE = "100644", "100755", "120000", "160000"
SOMEWHERE_ELSE = b"1234567890123456789012345678901234567890"
NOT_UTF8 = b"caf\xe9/r\xe9sum\xe9.txt"
LONG = b"deep/" * 99 + b"file"


class Builder:
    """Collects a fast-import stream."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._marks = 0
        self._tree: Tree = {}

    def commit(self, tree: Tree, message: str, *, branch: str = "main", merges: int = 0) -> int:
        """Makes a commit with exactly this tree; gives its mark."""
        self._marks += 1
        self._parts.append(
            f"commit refs/heads/{branch}\nmark :{self._marks}\n"
            f"committer A U Thor <a@example.org> {1_700_000_000 + self._marks} +0000\n"
            f"data {len(message.encode())}\n{message}\n".encode()
        )
        if merges:
            self._parts.append(f"merge :{merges}\n".encode())
        self._parts.append(b"deleteall\n")
        for path, (mode, content) in tree.items():
            quoted = b'"' + b"".join(b"\\%03o" % byte for byte in path) + b'"'
            if mode == SUBMODULE:
                self._parts.append(b"M %b %b %b\n" % (mode.encode(), content, quoted))
            else:
                head = b"M %b inline %b\ndata %d\n" % (mode.encode(), quoted, len(content))
                self._parts.append(head + content + b"\n")
        return self._marks

    def branch(self, name: str, mark: int) -> None:
        """Makes a branch at a commit."""
        self._parts.append(f"reset refs/heads/{name}\nfrom :{mark}\n\n".encode())

    def write(self, path: Path, *, bare: bool = True) -> Path:
        """Makes the repository."""
        shape = ["--bare"] if bare else []
        git("init", "-q", "-b", "main", *shape, str(path))
        stream = b"".join(self._parts)
        command = ["git", "-C", str(path), "fast-import", "--quiet"]
        subprocess.run(command, input=stream, check=True)
        return path


def git(*arguments: str) -> bytes:
    """The output of a git command."""
    return subprocess.run(["git", *arguments], check=True, capture_output=True).stdout


def eventful(path: Path, *, files: int = 40, bare: bool = True) -> Path:
    """A repository in which everything happens that a tree can go through."""
    builder = Builder()
    tree: Tree = {b"src/file%02d" % n: (FILE, b"first %d\n" % n) for n in range(files)}
    tree[b"empty"] = (FILE, b"")
    tree[b"data.bin"] = (FILE, bytes(range(256)) * 300)
    builder.commit(tree, "Begin")
    tree[NOT_UTF8] = (FILE, b"caf\xe9")
    tree[b'new\nline "quoted"\t:tab'] = (FILE, b"odd name")
    tree[LONG + b"0"] = (FILE, b"too long for a key")
    builder.commit(tree, "Add odd paths\n\nOf all kinds: é")
    tree[b"renamed"] = tree.pop(b"src/file00")
    tree[b"src/file01"] = (EXECUTABLE, tree[b"src/file01"][1])
    tree[b"link"] = (LINK, b"src/file02")
    fork = builder.commit(tree, "Rename, make executable, link")
    builder.branch("side", fork)
    side = builder.commit({**tree, b"side": (FILE, b"from the side")}, "Side", branch="side")
    tree[b"src/file03"] = (FILE, b"main goes on")
    builder.commit(tree, "Go on")
    tree[b"side"] = (FILE, b"merged, and changed in the merge")
    builder.commit(tree, "Merge side", merges=side)
    tree[b"file to folder"] = (FILE, b"a file")
    tree[b"vendor"] = (SUBMODULE, SOMEWHERE_ELSE)
    builder.commit(tree, "Add a submodule")
    del tree[b"file to folder"]
    tree[b"file to folder/inside"] = (FILE, b"now a folder")
    tree[b"vendor"] = (FILE, b"a file in place of a submodule")
    tree[b"link"] = (FILE, b"a file in place of a link")
    builder.commit(tree, "Change kinds")
    builder.commit(tree, "Change nothing")
    tree[b"src/file04"] = (SUBMODULE, SOMEWHERE_ELSE)
    del tree[b"file to folder/inside"]
    tree[b"file to folder"] = (FILE, b"a file again")
    del tree[NOT_UTF8]
    builder.commit(tree, "Change kinds back")
    for round_ in range(24):
        tree[b"src/file%02d" % (5 + round_ % (files - 5))] = (FILE, b"round %d" % round_)
        builder.commit(tree, f"Round {round_}")
    return builder.write(path, bare=bare)
