"""Make the certificates of a cluster and of its service, in a folder.

There are two authorities. The members of a cluster trust each other by the authority alone: Dask compares no
names. So the authority of the cluster issues one certificate only, which the scheduler, the workers and the
service share. Users must trust the HTTPS certificate of the service, and another authority issues this one:
neither the HTTPS key of the service nor anything that users have makes them a member of the cluster.

Making certificates again in the same folder renews those that expire soon, with the same authorities and the
same private keys. So everyone who trusts an authority goes on trusting it, and only the renewed certificates,
which are no secrets, have to be copied.

- ``making`` has the functions that make them;
- ``pair`` is an authority and its certificate, as files;
- ``authority`` issues certificates;
- ``files`` has the names of the files, and says what has happened to them;
- ``installation`` checks that the package ``cryptography`` is installed. Call it before you import
  ``making``.
"""
