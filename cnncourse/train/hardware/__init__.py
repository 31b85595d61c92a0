"""What depends on the machine: number formats, memory, replayed steps, several GPUs, random states."""
