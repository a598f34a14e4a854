"""What daemons record on several queues, fed to the same machines again."""

import poise
from service import Service


def test_a_folder_s_replay_finds_the_record_of_every_queue(network, build):
    folder = network.folder / "records"
    folder.mkdir()
    record = {"record": str(folder / "web.record")}
    made = Service(network, build).configure(balancer={"top": record, "packets": {"queues": 2}})
    made.start()
    assert {made.get() for _ in range(20)} == {"web1", "web2"}
    assert made.balancers["lb"].stop() == 0
    replays = poise.replay(folder)
    assert [replay.record.name for replay in replays] == ["web.1.record", "web.record"]
    assert all(replay.identical and replay.ended for replay in replays), replays
