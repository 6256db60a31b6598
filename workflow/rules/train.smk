# Trainings, and trials of schedules. A job that was stopped goes on from its last epoch.


rule train:
    output:
        update(OUTPUT),
    input:
        made_from,
        marks,
    wildcard_constraints:
        name=names_of("train"),
    params:
        command=command,
    log:
        "logs/{name}.log",
    resources:
        mem_mb=1500,
        runtime=720,
    shell:
        "{params.command} > {log} 2>&1"


rule trial:
    output:
        update(OUTPUT),
    input:
        made_from,
        marks,
    wildcard_constraints:
        name=names_of("trial"),
    params:
        command=command,
    log:
        "logs/{name}.log",
    resources:
        mem_mb=1500,
        runtime=120,
    shell:
        "{params.command} > {log} 2>&1"


# Weights that are no result, such as those of an early epoch, are in the checkpoints of the machine
# that trained. Where they are, this takes seconds; elsewhere they are trained again. Its result goes
# to a folder of its own: the stored one stays.
rule checkpoint:
    input:
        lambda wildcards: ancient(manifest_of(wildcards.name)),
    output:
        temp(CHECKPOINT),
    wildcard_constraints:
        name=names_of("train"),
    params:
        command=lambda wildcards: command_of(wildcards.name, results=REMADE),
    log:
        "logs/checkpoint/{name}.log",
    resources:
        mem_mb=1500,
        runtime=720,
    shell:
        "{params.command} > {log} 2>&1 && touch {output}"
