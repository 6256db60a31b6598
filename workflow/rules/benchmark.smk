# enas-digits, and the gate that its labels had to pass: hours, but what is done is kept.


rule benchmark:
    output:
        update(OUTPUT),
    input:
        marks,
    wildcard_constraints:
        name=names_of("benchmark"),
    params:
        command=lambda wildcards, threads: command_of(wildcards.name, "--workers", str(threads)),
    log:
        "logs/{name}.log",
    threads: 2
    resources:
        mem_mb=3000,
        runtime=600,
    shell:
        "{params.command} > {log} 2>&1"
