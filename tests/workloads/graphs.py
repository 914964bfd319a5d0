"""Page rank, a spanning tree and a breadth-first search."""
import networkx as nx


def handler(req):
    graph = nx.Graph()
    graph.add_weighted_edges_from((n, (n * 7 + k) % 300, (n * k) % 13 + 1) for n in range(300) for k in range(1, 5))
    tree = nx.minimum_spanning_tree(graph)
    return {
        "nodes": graph.number_of_nodes(),
        "tree": sum(data["weight"] for _, _, data in tree.edges(data=True)),
        "reached": len(list(nx.bfs_tree(graph, 0))),
        "far": nx.eccentricity(graph, 0),
    }
