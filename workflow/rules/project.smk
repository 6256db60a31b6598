# A latent space in two dimensions, and its smoothness.


rule project:
    output:
        update(OUTPUT),
    input:
        made_from,
        marks,
    wildcard_constraints:
        name=names_of("project"),
    params:
        command=command,
    log:
        "logs/{name}.log",
    resources:
        mem_mb=2500,
        runtime=120,
    shell:
        "{params.command} > {log} 2>&1"
