# Trials of searches, and what follows them.


rule search:
    output:
        update(OUTPUT),
    input:
        made_from,
        marks,
    wildcard_constraints:
        name=names_of("search"),
    params:
        command=command,
    log:
        "logs/{name}.log",
    resources:
        mem_mb=3000,
        runtime=600,
    shell:
        "{params.command} > {log} 2>&1"


rule search_top:
    output:
        update(OUTPUT),
    input:
        made_from,
        marks,
    wildcard_constraints:
        name=names_of("search-top"),
    params:
        command=command,
    log:
        "logs/{name}.log",
    resources:
        mem_mb=3000,
        runtime=600,
    shell:
        "{params.command} > {log} 2>&1"


rule search_autopsy:
    output:
        update(OUTPUT),
    input:
        made_from,
        marks,
    wildcard_constraints:
        name=names_of("search-autopsy"),
    params:
        command=command,
    log:
        "logs/{name}.log",
    resources:
        mem_mb=3000,
        runtime=600,
    shell:
        "{params.command} > {log} 2>&1"
