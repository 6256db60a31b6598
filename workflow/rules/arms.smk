# The preregistered trainings of chapter 11.


rule arms:
    output:
        update(OUTPUT),
    input:
        made_from,
        marks,
    wildcard_constraints:
        name=names_of("arms"),
    params:
        command=command,
    log:
        "logs/{name}.log",
    resources:
        mem_mb=2000,
        runtime=240,
    shell:
        "{params.command} > {log} 2>&1"
