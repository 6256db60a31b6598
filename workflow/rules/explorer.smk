# What the explorer shows of one training.


rule prepare_explorer:
    output:
        update(OUTPUT),
    input:
        made_from,
        marks,
    wildcard_constraints:
        name=names_of("prepare-explorer"),
    params:
        command=command,
    log:
        "logs/{name}.log",
    resources:
        mem_mb=2500,
        runtime=60,
    shell:
        "{params.command} > {log} 2>&1"
