# What there is to do, and what the rules share.


def given(option):
    """The words for a folder or file that was named, from the top of the project."""
    return [f"--{option}", str(ROOT / config[option])] if option in config else []


# The process that plans marks what is out of date by an input that is newer than all results, and of
# another content each time: Snakemake remembers inputs, and would take an equal one for unchanged. A
# process that only runs a job, on a node of a cluster perhaps, has nothing to decide, and reads the
# plan.
PLANNING = workflow.is_main_process


def read_plan():
    words = ["-m", "workflow.plan", "--json", *given("catalogue"), *given("results")]
    kept = Path(f"plan-{hashlib.sha256(' '.join(words).encode()).hexdigest()[:8]}.json")
    if PLANNING or not kept.is_file():
        run = subprocess.run([PYTHON, *words], cwd=ROOT, stdout=subprocess.PIPE, check=True)
        temporary = kept.with_suffix(f".{os.getpid()}")
        temporary.write_bytes(run.stdout)
        temporary.replace(kept)
    found = json.loads(kept.read_text())
    return {row["name"]: row for row in found["results"]}, Path(found["root"]), found["unlisted"]


PLAN, RESULTS, UNLISTED = read_plan()
MARK = "out-of-date"
CHECKPOINT = "checkpoints/{name}"
REMADE = str(Path("remade").absolute())

if PLANNING:
    Path(MARK).write_text(f"{time.time_ns()}\n")
    for name in UNLISTED:
        logger.warning(f"stored, but in no list of results: {name}")
    for name, row in PLAN.items():
        if row["reason"]:
            logger.info(f"to be made: {name} ({row['reason']})")


def manifest_of(name):
    """The file that is written last: when it is there, the result is."""
    return str(RESULTS / name / "manifest.json")


OUTPUT = str(RESULTS / "{name}" / "manifest.json")


def names_of(*steps):
    """A pattern for the names of all results of some steps."""
    names = [re.escape(row["name"]) for row in PLAN.values() if row["step"] in steps]
    return "|".join(names) or "(?!)"


def made_from(wildcards):
    """The results that one is made from; their times do not matter."""
    return [ancient(manifest_of(name)) for name in PLAN[wildcards.name]["inputs"]]


def marks(wildcards):
    """What else a result waits for: the mark of one that is out of date, and its checkpoint."""
    row = PLAN[wildcards.name]
    if not (PLANNING and row["reason"]):
        return []
    return [MARK, *([CHECKPOINT.format(name=row["checkpoint"])] if row["checkpoint"] else [])]


def command_of(name, *more, results=None):
    """The command line that makes a result, there or in another folder of results."""
    folders = ["--results", results] if results else given("results")
    words = [PYTHON, "-m", "paper_nas", *PLAN[name]["words"], *more, "--quiet"]
    words += [*folders, *given("runs")]
    return f"(cd {shlex.quote(str(ROOT))} && {shlex.join(words)})"


def command(wildcards):
    return command_of(wildcards.name)
