# Table 2: of one training, and of one baseline.


rule predict:
    output:
        update(OUTPUT),
    input:
        made_from,
        marks,
    wildcard_constraints:
        name=names_of("predict"),
    params:
        command=command,
    log:
        "logs/{name}.log",
    resources:
        mem_mb=3000,
        runtime=180,
    shell:
        "{params.command} > {log} 2>&1"


rule baseline:
    output:
        update(OUTPUT),
    input:
        made_from,
        marks,
    wildcard_constraints:
        name=names_of("baseline"),
    params:
        command=command,
    log:
        "logs/{name}.log",
    resources:
        mem_mb=3000,
        runtime=240,
    shell:
        "{params.command} > {log} 2>&1"
