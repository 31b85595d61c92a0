"""The walls round a student's process: bubblewrap or a container, limits, the watchdog, the spawner."""
