"""One connection to the scheduler of a cluster. All of it runs in the event loop of the link.

- ``scheduler_client`` connects, and notices when the scheduler is lost;
- ``membership`` follows the workers that come and go, and asks each of them what it is;
- ``open_batches`` sends batches and waits for their answers.
"""
