# The record of book/cluster.md. Needs SLURM: the job hands in jobs of its own.


localrules:
    cluster,


rule cluster:
    output:
        update(OUTPUT),
    input:
        marks,
    wildcard_constraints:
        name=names_of("cluster"),
    params:
        command=lambda wildcards: command_of(wildcards.name, "--snakemake", str(Path(sys.executable).with_name("snakemake"))),
    log:
        "logs/{name}.log",
    shell:
        "{params.command} > {log} 2>&1"
