"""Reading git repositories: lines, changes, trees, objects, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from mvcc.demo.git import ABSENT_MODE, Repository
from mvcc.errors import GitError
from tests.demo.repositories import NOT_UTF8, Builder, eventful, git


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An eventful repository without a work tree."""
    return eventful(tmp_path_factory.mktemp("git") / "bare.git")


def ls_tree(path: Path, commit: str) -> dict[bytes, tuple[str, str]]:
    """Mode and id of each path, as git lists them."""
    found = {}
    for line in git("-C", str(path), "ls-tree", "--full-tree", "-r", "-z", commit).split(b"\0")[
        :-1
    ]:
        what, _, name = line.partition(b"\t")
        mode, _kind, oid = what.decode().split()
        found[name] = (mode, oid)
    return found


def test_the_line_holds_merges_but_not_what_they_merged(bare: Path) -> None:
    """One commit of `eventful` stands on the side branch alone."""
    line = Repository(bare).first_parent_line("main")
    wanted = git("-C", str(bare), "log", "--first-parent", "--reverse", "--format=%H", "main")
    assert wanted.decode().split() == [commit.id for commit in line]
    assert int(git("-C", str(bare), "rev-list", "--count", "main")) == len(line) + 1


def test_changes_in_order_give_every_tree(bare: Path) -> None:
    """Applied one after the other, what each commit changed is what git says the tree holds."""
    repository = Repository(bare)
    tree: dict[bytes, tuple[str, str]] = {}
    for commit in repository.changes(repository.first_parent_line("main")):
        for change in commit.paths:
            assert tree.get(change.path, (ABSENT_MODE, ""))[0] == change.old_mode
            if change.mode == ABSENT_MODE:
                del tree[change.path]
            else:
                tree[change.path] = (change.mode, change.blob)
        assert ls_tree(bare, commit.id) == tree


def test_a_tree_is_what_git_lists(bare: Path) -> None:
    """Paths are bytes, of any kind."""
    entries = list(Repository(bare).tree("main~20"))
    assert ls_tree(bare, "main~20") == {entry.path: (entry.mode, entry.blob) for entry in entries}
    assert NOT_UTF8 in {entry.path for entry in Repository(bare).tree("side")}


def test_objects_come_in_the_order_asked_for(bare: Path) -> None:
    """Also when there are more than fit into one round of requests, and with repeats."""
    repository = Repository(bare)
    ids = [entry.blob for entry in repository.tree("side")] * 20
    with repository.objects() as objects:
        found = list(objects.read_many(ids, "side"))
    assert [git("-C", str(bare), "cat-file", "blob", oid) for oid in ids[:45]] == found[:45]
    assert found[: len(ids) // 20] * 20 == found


def test_a_work_tree_and_a_folder_in_it_are_the_repository(tmp_path: Path) -> None:
    """Any path in a repository names it, and trees are whole ones."""
    path = eventful(tmp_path / "work", files=6, bare=False)
    (path / "src").mkdir()
    repository = Repository(path / "src")
    assert b"data.bin" in {entry.path for entry in repository.tree("main")}


def test_a_shallow_clone_has_a_shorter_line(bare: Path, tmp_path: Path) -> None:
    """Its oldest commit counts as the first one, with its whole tree."""
    git("clone", "-q", "--bare", "--depth=3", f"file://{bare}", str(tmp_path / "shallow"))
    repository = Repository(tmp_path / "shallow")
    line = repository.first_parent_line("main")
    assert 3 == len(line)
    first = next(repository.changes(line))
    assert len(ls_tree(bare, line[0].id)) == len(first.paths)


def test_an_absent_blob_is_an_error_that_names_the_commit(bare: Path, tmp_path: Path) -> None:
    """A partial clone does not fetch what it lacks."""
    git("-C", str(bare), "config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    git("clone", "-q", "--bare", "--filter=blob:none", f"file://{bare}", str(partial))
    repository = Repository(partial)
    [first, *_] = repository.changes(repository.first_parent_line("main"))
    with repository.objects() as objects, pytest.raises(GitError) as caught:
        list(objects.read_many([change.blob for change in first.paths], first.id))
    assert first.id == caught.value.commit
    assert first.id in str(caught.value)


def test_a_missing_object_is_an_error_that_names_the_commit(bare: Path) -> None:
    """Also where nothing could be fetched from."""
    repository = Repository(bare)
    with repository.objects() as objects, pytest.raises(GitError) as caught:
        list(objects.read_many(["0" * 39 + "1"], "the commit"))
    assert "the commit" == caught.value.commit


def test_a_folder_outside_of_git_is_refused(tmp_path: Path) -> None:
    """In one line, with a hint."""
    with pytest.raises(GitError, match="not a git repository"):
        Repository(tmp_path)


@pytest.mark.parametrize("branch", ["no-such-branch", "--all", "main~1000"])
def test_an_unknown_branch_is_refused(bare: Path, branch: str) -> None:
    """Options are not taken for branches."""
    with pytest.raises(GitError):
        Repository(bare).first_parent_line(branch)


def test_replaced_objects_are_not_followed(tmp_path: Path) -> None:
    """What is read is what was committed, whatever refs/replace says."""
    builder = Builder()
    builder.commit({b"a": ("100644", b"as committed"), b"b": ("100644", b"other")}, "One")
    path = builder.write(tmp_path / "replaced")
    blobs = {entry.path: entry.blob for entry in Repository(path).tree("main")}
    git("-C", str(path), "replace", blobs[b"a"], blobs[b"b"])
    with Repository(path).objects() as objects:
        assert [b"as committed"] == list(objects.read_many([blobs[b"a"]], "main"))


def test_the_environment_does_not_lead_to_another_repository(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIT_DIR, as hooks set it, is not followed."""
    builder = Builder()
    builder.commit({b"a": ("100644", b"x")}, "One")
    other = builder.write(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(bare))
    assert 1 == len(Repository(other).first_parent_line("main"))
