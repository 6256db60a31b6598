# Table 1 of one training.


rule evaluate:
    output:
        update(OUTPUT),
    input:
        made_from,
        marks,
    wildcard_constraints:
        name=names_of("evaluate"),
    params:
        command=command,
    log:
        "logs/{name}.log",
    resources:
        mem_mb=2500,
        runtime=60,
    shell:
        "{params.command} > {log} 2>&1"
