"""A hostile world: ids, answers, hosts, bytes and folders made to do harm, and the key they are after."""
