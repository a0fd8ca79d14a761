"""`rft report`: writes a replay run as a single HTML page."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import (
    LOCAL_PATH,
    jobs_dir_option,
    json_option,
    out_option,
    range_option,
    run_folder,
    runs_dir_option,
)
from harness.cli.output import emit_json, say
from harness.printable import printable
from harness.runs.store import open_run


@click.command("report")
@click.argument("run", type=LOCAL_PATH)
@click.option(
    "--against",
    metavar="RUN",
    type=LOCAL_PATH,
    help="Compare with this run: show its rewards and completions next to each sample's.",
)
@click.option("--job", metavar="JOB", help="Add the training curves of this job, from its saved events.")
@click.option(
    "--rehearsal",
    metavar="DIR",
    type=LOCAL_PATH,
    help="Add the curves, verdict and warnings of the rehearsal in this folder.",
)
@out_option("Write to this file; by default RUN.html next to the run's folder.")
@click.option("--open", "opened", is_flag=True, help="Open the page in the browser.")
@range_option
@runs_dir_option
@jobs_dir_option
@json_option
def command(
    run: Path,
    against: Path | None,
    job: str | None,
    rehearsal: Path | None,
    out: Path | None,
    opened: bool,
    range: tuple[float, float] | None,  # the option's name
    runs_dir: Path,
    jobs_dir: Path,
    as_json: bool,
) -> int:
    """Write a replay run as one HTML page: verdict, charts, and a browser of its samples.

    RUN is the run's folder, or its name under --runs-dir.

    The page is a single file that loads nothing from a network. It contains prompts and completions, so share
    it only with people who may see the rollouts.
    """
    folder = run_folder(run, runs_dir)
    found = open_run(folder)
    followed = None
    if job is not None:
        from harness.jobs.journal import find_job

        followed = (job, find_job(jobs_dir, job)[1])
    from harness.report.page.contents import page_of
    from harness.report.page.writing import write_page

    other = None if against is None else open_run(run_folder(against, runs_dir))
    page = page_of(found, against=other, bounds=range, job=followed, rehearsal=rehearsal)
    written = write_page(page, out or _beside(folder))
    if as_json:
        from harness.data.typed_json import as_json as plain

        emit_json(plain(written))
    else:
        for remark in written.remarks:
            say(remark)
        say(printable(f"{written.path}: {written.samples:,} samples, {written.bytes / 1e6:.1f} MB"))
    if opened:
        import webbrowser

        if not webbrowser.open(written.path.resolve().as_uri()):
            say("could not start a browser; open the file yourself", err=True)
    return 0


def _beside(folder: Path) -> Path:
    """Return the default path of the page. It is next to the run's folder, which must not change."""
    if folder.name in ("", ".."):  # gives RUN = `.` a name
        folder = folder.resolve()
    return folder.parent / f"{folder.name}.html"
