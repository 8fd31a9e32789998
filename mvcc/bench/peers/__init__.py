"""The contenders as adapters behind one small interface, each as durable as the workload asks."""

from mvcc.bench.peers.interface import Peer
from mvcc.bench.peers.registry import OURS, contenders

__all__ = ["OURS", "Peer", "contenders"]
