"""
A voice and ears of our own: espeak-ng speaks, pocketsphinx listens, FFmpeg's libraries know the formats.

All three are native code, and two of them read what strangers send. So nothing of them is ever loaded into the
server: a nursery, one process for speech and one for hearing, loads them once and makes a worker process for each
run, by a fork that takes a millisecond or two. A worker can crash, hang or grow without harm to anybody else, and it is
stopped by ending it.

Reading order: wire (what server and worker say to each other), provider and workers (the server's side), nursery
(where workers come from), duties (what a worker does); voicebox, tongues and encoding (speech), decoding, ears,
phrases and sounds (hearing).
"""
